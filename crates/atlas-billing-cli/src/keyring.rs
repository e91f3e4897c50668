//! Secrets that the Atlas CLI keeps in the keyring of the operating system: under the service
//! `atlascli_PROFILE`, by the name of the key.

/// Where the secrets of a profile may be kept.
pub(crate) trait SecretStore {
    /// A secret; `None` where there is none, or no store.
    ///
    /// # Errors
    /// Why the store could not be read: it is locked, or its service failed.
    fn get(&self, profile: &str, key: &str) -> Result<Option<String>, String>;
}

/// The keyring of the operating system. In a build without the feature `keyring`, and on systems
/// without one, nothing is ever found.
#[derive(Debug)]
pub(crate) struct Keyring;

impl SecretStore for Keyring {
    #[cfg(all(
        feature = "keyring",
        any(target_os = "linux", target_os = "macos", windows)
    ))]
    fn get(&self, profile: &str, key: &str) -> Result<Option<String>, String> {
        let service = format!("atlascli_{profile}");
        let Some(entry) = system::entry(&service, key) else {
            return Ok(None);
        };
        match entry.and_then(|entry| entry.get_secret()) {
            Ok(secret) => decoded(secret).map(Some),
            Err(error) => absent(&error),
        }
    }

    #[cfg(not(all(
        feature = "keyring",
        any(target_os = "linux", target_os = "macos", windows)
    )))]
    fn get(&self, _: &str, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// No secret, or why there may be one. An error of the keyring's never holds a secret, but one of
/// them lists entries: only its kind is told.
#[cfg(feature = "keyring")]
fn absent(error: &keyring::Error) -> Result<Option<String>, String> {
    match error {
        keyring::Error::NoEntry => Ok(None),
        keyring::Error::Ambiguous(entries) => Err(format!("it has {} such entries", entries.len())),
        keyring::Error::NoStorageAccess(why) => Err(format!("it is locked: {why}")),
        keyring::Error::PlatformFailure(why) => Err(why.to_string()),
        _ => Err("its entry is not readable".to_owned()),
    }
}

/// The secret that the Atlas CLI's library for keyrings stored. On macOS it encodes what it stores,
/// and says so before it.
#[cfg(any(test, feature = "keyring"))]
fn decoded(stored: Vec<u8>) -> Result<String, String> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    let unreadable = || "its entry is not readable".to_owned();
    let text = String::from_utf8(stored).map_err(|_| unreadable())?;
    if !cfg!(any(test, target_os = "macos")) {
        return Ok(text);
    }
    let bytes = if let Some(digits) = text.trim().strip_prefix("go-keyring-encoded:") {
        let pairs = digits.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        pairs.map(byte).collect::<Option<Vec<u8>>>()
    } else if let Some(code) = text.trim().strip_prefix("go-keyring-base64:") {
        STANDARD.decode(code).ok()
    } else {
        return Ok(text);
    };
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(unreadable)
}

/// The entry of each system in the form in which the Atlas CLI's library writes it.
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod system {
    use keyring::secret_service::SsCredential;
    use keyring::{Entry, Result};

    /// An item of the Secret Service with the attributes `service` and `username` alone.
    pub(super) fn entry(service: &str, user: &str) -> Option<Result<Entry>> {
        // Without a session there is nobody to ask; the D-Bus library would try to start a bus.
        let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS")?;
        let credential = SsCredential::new_with_no_target(service, user);
        let entry = || Ok(Entry::new_with_credential(Box::new(credential?)));
        (!bus.is_empty()).then(entry)
    }
}

#[cfg(all(feature = "keyring", target_os = "macos"))]
mod system {
    use keyring::{Entry, Result};

    /// A generic password of the default keychain.
    pub(super) fn entry(service: &str, user: &str) -> Option<Result<Entry>> {
        Some(Entry::new(service, user))
    }
}

#[cfg(all(feature = "keyring", windows))]
mod system {
    use keyring::{Entry, Result};

    /// A generic credential whose target is `service:username`.
    pub(super) fn entry(service: &str, user: &str) -> Option<Result<Entry>> {
        Some(Entry::new_with_target(
            &format!("{service}:{user}"),
            service,
            user,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_the_atlas_clis_library_are_undone() {
        // The second is made by `printf planted | xxd -p`, the third by `base64`.
        for (stored, secret) in [
            ("planted", Ok("planted")),
            ("go-keyring-encoded:706c616e746564", Ok("planted")),
            ("go-keyring-base64:cGxhbnRlZA==\n", Ok("planted")),
            ("go-keyring-encoded:zz", Err("its entry is not readable")),
            ("go-keyring-base64:*", Err("its entry is not readable")),
        ] {
            let secret = secret.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(decoded(stored.into()), secret, "{stored}");
        }
        assert!(decoded(vec![0xff]).is_err());
    }

    #[test]
    #[cfg(feature = "keyring")]
    fn what_is_not_there_is_no_error() {
        use keyring::mock::MockCredential;
        use keyring::{Entry, Error};

        let entry = Entry::new_with_credential(Box::new(MockCredential::default()));
        let get = || match entry.get_secret() {
            Ok(secret) => decoded(secret).map(Some),
            Err(error) => absent(&error),
        };
        assert_eq!(get(), Ok(None));
        entry.set_password("planted").unwrap();
        assert_eq!(get(), Ok(Some("planted".to_owned())));
        let mock: &MockCredential = entry.get_credential().downcast_ref().unwrap();
        mock.set_error(Error::NoStorageAccess("no prompt".into()));
        assert_eq!(get(), Err("it is locked: no prompt".to_owned()));
        mock.set_error(Error::PlatformFailure("no service".into()));
        assert_eq!(get(), Err("no service".to_owned()));
        mock.set_error(Error::BadEncoding(b"planted".to_vec()));
        assert!(!format!("{:?}", get()).contains("planted"));
    }
}
