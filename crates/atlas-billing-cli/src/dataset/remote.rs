//! Object stores: S3 and what is compatible with it, Google Cloud Storage, Azure Blob Storage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig, UpdateVersion,
};

use super::place::Version;
use crate::failure::{Failure, exit};

/// Larger files are uploaded in parts of this size; services want at least 5 MiB, and at most 10,000
/// parts.
const PART: usize = 8 << 20;

/// How often a request that may be repeated is, with waits that double from 0.1 s: a run that fails
/// goes on where it ended, so that it need not insist for minutes.
const RETRIES: usize = 5;

/// A bucket or container, and where in it the data sets are.
#[derive(Debug)]
pub(crate) struct Store {
    store: Arc<dyn ObjectStore>,
    root: Path,
    /// The URL without a slash at its end.
    url: String,
}

impl Store {
    /// The store that a URL names, with the credentials that the environment has for it.
    pub(super) fn open(scheme: &str, url: &str, endpoint: Option<&str>) -> Result<Self, Failure> {
        let refuse = |why: String| Failure::usage(format!("cannot use {url}: {why}"));
        let wrong = |error: Error| refuse(error.to_string());
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let (bucket, root) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(refuse(format!("write {scheme}://BUCKET/PATH")));
        }
        let plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        let retry = RetryConfig {
            max_retries: RETRIES,
            ..RetryConfig::default()
        };
        let store: Arc<dyn ObjectStore> = match scheme {
            "s3" => {
                let mut builder = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_retry(retry);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint).with_allow_http(plain);
                }
                Arc::new(builder.build().map_err(wrong)?)
            }
            "gs" => {
                let mut builder = GoogleCloudStorageBuilder::from_env()
                    .with_bucket_name(bucket)
                    .with_retry(retry);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_base_url(endpoint);
                }
                Arc::new(builder.build().map_err(wrong)?)
            }
            "az" => {
                let mut builder = MicrosoftAzureBuilder::from_env()
                    .with_container_name(bucket)
                    .with_retry(retry);
                if let Some(endpoint) = endpoint {
                    builder = builder
                        .with_endpoint(endpoint.to_owned())
                        .with_allow_http(plain);
                }
                Arc::new(builder.build().map_err(wrong)?)
            }
            _ => return Err(refuse("use a folder, s3://, gs:// or az://".to_owned())),
        };
        Ok(Self {
            store,
            root: Path::parse(root.trim_matches('/')).map_err(|error| refuse(error.to_string()))?,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    fn path(&self, name: &str) -> Path {
        let parts = name.split('/').filter(|part| !part.is_empty());
        self.root.parts().chain(parts.map(Into::into)).collect()
    }

    /// An object for a reader.
    pub(super) fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    fn failed(&self, what: &str, name: &str, error: &Error) -> Failure {
        let mut message = format!("cannot {what} {}: {error}", self.shown(name));
        // The text of an error names its source, but not why that failed: timed out, refused.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let cause = cause.to_string();
        if !message.contains(&cause) {
            message += &format!(": {cause}");
        }
        // A list that is denied is an error of no kind.
        let denied = message.contains("403 Forbidden")
            || matches!(
                error,
                Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
            );
        let failure = Failure::new(exit::OTHER, message);
        match denied {
            true => failure.with_help(
                "the credentials come from the environment: AWS_*, GOOGLE_* or AZURE_* variables",
            ),
            false => failure,
        }
    }

    /// Uploads a file, in one request or as a multipart upload: it appears when it is whole.
    pub(super) async fn put(&self, name: &str, mut file: File) -> Result<(), Failure> {
        let path = self.path(name);
        let failed = |error| self.failed("write", name, &error);
        let first = next_part(&mut file)?;
        if first.len() < PART {
            self.store.put(&path, first.into()).await.map_err(failed)?;
            return Ok(());
        }
        let mut upload = self.store.put_multipart(&path).await.map_err(failed)?;
        match upload_parts(&mut *upload, first, &mut file).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // Parts that stay behind cost money; that they cannot be removed is no second error.
                let _ = upload.abort().await;
                Err(match error {
                    Broken::Store(error) => failed(error),
                    Broken::File(error) => error.into(),
                })
            }
        }
    }

    pub(super) async fn read(&self, name: &str) -> Result<Option<(Vec<u8>, Version)>, Failure> {
        let failed = |error| self.failed("read", name, &error);
        let found = match self.store.get(&self.path(name)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(failed)?,
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let text = found.bytes().await.map_err(failed)?;
        Ok(Some((text.to_vec(), Version { of: Some(version) })))
    }

    /// Writes an object in the place of the version that was read, or of none.
    pub(super) async fn replace(
        &self,
        name: &str,
        text: Vec<u8>,
        read: Version,
    ) -> Result<(), Failure> {
        let path = self.path(name);
        let payload = PutPayload::from(text);
        let mode = read.of.map_or(PutMode::Create, PutMode::Update);
        let options = PutOptions::from(mode);
        match self.store.put_opts(&path, payload.clone(), options).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                let shown = self.shown(name);
                let message = format!("another run has written {shown} in the meantime");
                Err(Failure::new(exit::OTHER, message).with_help("run this again"))
            }
            // A store without conditions: two runs at once are for its users to avoid.
            Err(Error::NotImplemented { .. }) => match self.store.put(&path, payload).await {
                Ok(_) => Ok(()),
                Err(error) => Err(self.failed("write", name, &error)),
            },
            Err(error) => Err(self.failed("write", name, &error)),
        }
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), Failure> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove", name, &error)),
        }
    }

    pub(super) async fn has(&self, name: &str, bytes: u64) -> Result<bool, Failure> {
        match self.store.head(&self.path(name)).await {
            Ok(meta) => Ok(meta.size == bytes),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("read", name, &error)),
        }
    }

    pub(super) async fn sizes(&self, folder: &str) -> Result<BTreeMap<String, u64>, Failure> {
        let path = self.path(folder);
        let listed = self.store.list(Some(&path)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|error| self.failed("list", folder, &error))?;
        let names = listed.into_iter().filter_map(|meta| {
            let name = meta.location.prefix_match(&self.root)?;
            let name = name.map(|part| part.as_ref().to_owned());
            Some((name.collect::<Vec<_>>().join("/"), meta.size))
        });
        Ok(names.collect())
    }
}

/// Why an upload ended early.
enum Broken {
    Store(Error),
    File(std::io::Error),
}

async fn upload_parts(
    upload: &mut dyn MultipartUpload,
    mut bytes: Vec<u8>,
    file: &mut File,
) -> Result<(), Broken> {
    while !bytes.is_empty() {
        let payload = PutPayload::from(bytes);
        upload.put_part(payload).await.map_err(Broken::Store)?;
        bytes = next_part(file).map_err(Broken::File)?;
    }
    upload.complete().await.map(drop).map_err(Broken::Store)
}

fn next_part(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(PART).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
