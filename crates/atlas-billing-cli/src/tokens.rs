//! Access tokens of service accounts between runs: files in the cache folder that their owner alone
//! can read.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use atlas_billing::chrono::{DateTime, Utc};
use atlas_billing::{StoredToken, TokenKey, TokenStore};
use serde::{Deserialize, Serialize};

use crate::folders;

/// A file for each service account and base URL.
#[derive(Debug)]
pub(crate) struct TokenFiles {
    folder: PathBuf,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    client_id: String,
    base_url: String,
    token: String,
    expires_at: DateTime<Utc>,
}

impl TokenFiles {
    /// Below the cache folder of the user; `None` where there is none.
    pub(crate) fn of_user() -> Option<Self> {
        Some(Self {
            folder: folders::cache()?,
        })
    }

    fn path(&self, key: &TokenKey) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = format!("{}@{}", key.client_id, key.base_url)
            .chars()
            .map(plain)
            .collect();
        self.folder.join(format!("token-{name}.json"))
    }

    fn write(&self, key: &TokenKey, token: &StoredToken) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        let kept = Kept {
            client_id: key.client_id.clone(),
            base_url: key.base_url.clone(),
            token: token.secret.expose_secret().to_owned(),
            expires_at: token.expires_at,
        };
        // tempfile creates files with mode 0600, and the move keeps it.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        file.persist(self.path(key))?;
        Ok(())
    }
}

impl TokenStore for TokenFiles {
    fn load(&self, key: &TokenKey) -> Option<StoredToken> {
        let path = self.path(key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            // What others could have written or read is not used.
            fs::metadata(&path)
                .ok()
                .filter(|file| file.mode() & 0o077 == 0)?;
        }
        let kept: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        // Two keys may have the same name of a file.
        let same = kept.client_id == key.client_id && kept.base_url == key.base_url;
        same.then(|| StoredToken {
            secret: kept.token.into(),
            expires_at: kept.expires_at,
        })
    }

    fn save(&self, key: &TokenKey, token: &StoredToken) {
        // A token that cannot be kept is obtained again.
        let _ = self.write(key, token);
    }

    fn remove(&self, key: &TokenKey) {
        let _ = fs::remove_file(self.path(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_for_its_account_and_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let files = TokenFiles {
            folder: directory.path().join("a/b"),
        };
        let key = |client_id: &str| TokenKey {
            client_id: client_id.into(),
            base_url: "https://x.example".into(),
        };
        let token = StoredToken {
            secret: "planted".to_owned().into(),
            expires_at: "2025-03-09T12:00:00Z".parse().unwrap(),
        };
        assert_eq!(files.load(&key("mdb_sa_id_1")), None);
        files.save(&key("mdb_sa_id_1"), &token);
        assert_eq!(files.load(&key("mdb_sa_id_1")), Some(token.clone()));
        assert_eq!(files.load(&key("mdb-sa-id-1")), None);
        assert!(!format!("{files:?}").contains("planted"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = files.path(&key("mdb_sa_id_1"));
            let mode =
                |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&files.folder)), (0o600, 0o700));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert_eq!(files.load(&key("mdb_sa_id_1")), None);
        }
        files.save(&key("mdb_sa_id_1"), &token);
        files.remove(&key("mdb_sa_id_1"));
        assert_eq!(fs::read_dir(&files.folder).unwrap().count(), 0);
    }
}
