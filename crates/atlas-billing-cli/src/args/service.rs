//! A service of Cost Explorer, however its letters are typed; and which there are.

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

/// The help of `--service`.
pub(crate) fn service_help() -> String {
    let known = Service::KNOWN.iter().map(Service::as_str);
    with_known("Only this service; may be given several times", known)
}

/// A help that names the known values; the service may know more.
pub(super) fn with_known<'a>(help: &str, known: impl Iterator<Item = &'a str>) -> String {
    format!("{help}. Known: {}", known.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_what_is_known() {
        let help = service_help();
        assert!(
            help.contains("Known: ") && help.contains("Data Transfer"),
            "{help}"
        );
    }

    #[test]
    fn a_known_one_is_found_whatever_its_case() {
        assert_eq!(service("data transfer").unwrap().as_str(), "Data Transfer");
        assert_eq!(service("Quantum Disks").unwrap().as_str(), "Quantum Disks");
    }
}
