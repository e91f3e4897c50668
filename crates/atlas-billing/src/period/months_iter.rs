//! The months of a range, one by one.

use std::iter::FusedIterator;

use super::month::Month;
use super::months::Months;

/// The months of a [`Months`] in order.
#[derive(Debug, Clone)]
pub struct MonthsIter {
    next: Month,
    left: usize,
}

impl MonthsIter {
    /// `count` months from `first` on.
    pub(super) fn new(first: Month, count: usize) -> Self {
        Self {
            next: first,
            left: count,
        }
    }
}

impl Iterator for MonthsIter {
    type Item = Month;

    fn next(&mut self) -> Option<Month> {
        self.left = self.left.checked_sub(1)?;
        let month = self.next;
        self.next = month.next();
        Some(month)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for MonthsIter {}
impl FusedIterator for MonthsIter {}

impl IntoIterator for Months {
    type Item = Month;
    type IntoIter = MonthsIter;

    fn into_iter(self) -> MonthsIter {
        self.iter()
    }
}

impl IntoIterator for &Months {
    type Item = Month;
    type IntoIter = MonthsIter;

    fn into_iter(self) -> MonthsIter {
        self.iter()
    }
}
