//! A service of Cost Explorer, however its letters are typed.

use std::convert::Infallible;

use atlas_billing::raw::enums::Service;

/// Reads a service. A known one is found whatever its case; another is sent as given, since the
/// service's list grows.
pub(crate) fn service(given: &str) -> Result<Service, Infallible> {
    let known = Service::KNOWN
        .iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(given));
    Ok(known.cloned().unwrap_or_else(|| Service::from(given)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_one_is_found_whatever_its_case() {
        assert_eq!(service("data transfer").unwrap().as_str(), "Data Transfer");
        assert_eq!(service("Quantum Disks").unwrap().as_str(), "Quantum Disks");
    }
}
