//! Setters of builders.

/// Setters that take the builder and return it with one field assigned.
macro_rules! setters {
    ($(
        $(#[$doc:meta])*
        $name:ident($($argument:ident: $kind:ty)?) => $($field:ident).+ = $value:expr;
    )*) => {$(
        $(#[$doc])*
        pub fn $name(mut self $(, $argument: $kind)?) -> Self {
            self.$($field).+ = $value;
            self
        }
    )*};
}

pub(crate) use setters;
