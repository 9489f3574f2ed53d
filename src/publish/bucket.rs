//! A bucket that speaks as Amazon S3 does: which one, where, and by whose right.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as Key;
use object_store::{ClientOptions, RetryConfig};

use super::target::Target;
use crate::network;

/// How a target that is a bucket begins.
pub const SCHEME: &str = "s3://";

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long a request may take.
const ASKING: Duration = Duration::from_secs(120);

/// A bucket and what it takes to write to it.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// `s3://bucket/prefix`.
    pub address: String,
    /// Where the store is, for those that are not Amazon's.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Environment variables as `AWS_ACCESS_KEY_ID` with their values, by which Amazon's own tools are told the same.
    pub variables: Vec<(String, String)>,
    /// How often a request that failed is tried again.
    pub retries: usize,
}

/// Why a bucket cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The address names none.
    #[error("{0:?} names no bucket; write s3://bucket or s3://bucket/prefix")]
    Address(String),
    /// The address has a prefix that no key can have.
    #[error("{0:?} has a prefix that no key can have")]
    Prefix(String, #[source] object_store::path::Error),
    /// Nothing says who writes.
    #[error("nothing says by whose right {0} is written to")]
    NoCredentials(String),
    /// The store's client cannot be made.
    #[error("could not make ready to write to {0}")]
    Client(String, #[source] object_store::Error),
}

/// Variables each of which says how credentials are found.
const CREDENTIALS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_METADATA_ENDPOINT",
    "AWS_SKIP_SIGNATURE",
];

impl Bucket {
    /// Makes ready to write; nothing is asked of the store yet.
    ///
    /// # Errors
    /// [`BucketError`].
    pub fn open(&self) -> Result<Target, BucketError> {
        let wrong = || BucketError::Address(self.address.clone());
        let rest = self.address.strip_prefix(SCHEME).ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty()
            || !bucket
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        {
            return Err(wrong());
        }
        let prefix = Key::parse(prefix.trim_end_matches('/'))
            .map_err(|error| BucketError::Prefix(self.address.clone(), error))?;
        let is_said = |name: &str| {
            self.variables
                .iter()
                .any(|(known, value)| known == name && !value.is_empty())
        };
        if !CREDENTIALS.iter().any(|name| is_said(name)) {
            return Err(BucketError::NoCredentials(self.address.clone()));
        }
        let mut builder = AmazonS3Builder::new();
        for (name, value) in &self.variables {
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        builder = builder.with_bucket_name(bucket);
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        let mut client = ClientOptions::new()
            .with_connect_timeout(CONNECTING)
            .with_timeout(ASKING);
        if let Some(endpoint) = &self.endpoint {
            client = client.with_allow_http(endpoint.starts_with("http://"));
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        network::ready();
        let store = builder
            .with_client_options(client)
            .with_retry(RetryConfig {
                max_retries: self.retries,
                ..RetryConfig::default()
            })
            .build()
            .map_err(|error| BucketError::Client(self.address.clone(), error))?;
        Ok(Target::Bucket {
            store: Arc::new(store),
            prefix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(address: &str) -> Bucket {
        let variables = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        Bucket {
            address: address.to_owned(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            ..Bucket::default()
        }
    }

    #[test]
    fn an_address_is_a_bucket_and_a_prefix() {
        for (address, expected) in [
            ("s3://news", ""),
            ("s3://news/", ""),
            ("s3://news/a", "a"),
            ("s3://news/a/b/", "a/b"),
        ] {
            match bucket(address).open() {
                Ok(Target::Bucket { prefix, .. }) => assert_eq!(prefix.as_ref(), expected),
                other => panic!("{address}: {other:?}"),
            }
        }
        for wrong in ["s3://", "s3:///a", "s3://a b", "http://a", "s3://a@b/c"] {
            assert!(
                matches!(bucket(wrong).open(), Err(BucketError::Address(_))),
                "{wrong}"
            );
        }
        assert!(matches!(
            bucket("s3://news/a//b").open(),
            Err(BucketError::Prefix(..))
        ));
        let nobody = Bucket {
            address: "s3://news".to_owned(),
            ..Bucket::default()
        };
        assert!(matches!(nobody.open(), Err(BucketError::NoCredentials(_))));
    }
}
