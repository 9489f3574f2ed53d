//! `avalaches publish`.

use std::path::{Path, PathBuf};

use avalaches::publish::bucket::{Bucket, BucketError, SCHEME};
use avalaches::publish::log::{GoingBack, Setback};
use avalaches::publish::refusal::Refusal;
use avalaches::publish::target::{Target, TargetError};
use avalaches::publish::{self, Mode, Options, PublishError, Published, Which};
use avalaches::site::BuildError;
use avalaches::storage::repository;
use avalaches::wording::counted;
use serde_json::json;

use super::{Common, Failure, Outcome, environment, output, threads};

/// Publish a site that was built: to a folder, or to a bucket of Amazon S3 or what speaks like it
#[derive(Debug, clap::Args)]
pub struct Publish {
    /// The folder that `build` wrote
    #[arg(value_name = "SITE")]
    folder: PathBuf,
    /// Where to; files there that were not published stay as they are
    #[arg(value_name = "DIR|s3://BUCKET/PREFIX")]
    target: String,
    /// Where the bucket is, if not with Amazon [default: `AWS_ENDPOINT_URL`]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The bucket's region [default: `AWS_REGION`, else us-east-1]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Send every file, also those that did not change, and replace those of others
    #[arg(long)]
    all: bool,
    /// Publish also where the target has a checkpoint of this log that the site does not go on from: one of more revisions, or of
    /// other ones
    #[arg(long)]
    roll_back: bool,
    /// Tell what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Files that are sent at once
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// How often a request that failed is tried again
    #[arg(long, value_name = "N", default_value = "5")]
    retries: usize,
}

impl Publish {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let endpoint = self.endpoint()?;
        let target = self.target(endpoint.clone())?;
        let options = Options {
            which: if self.all { Which::All } else { Which::Changed },
            mode: if self.dry_run {
                Mode::Rehearse
            } else {
                Mode::Publish
            },
            jobs: usize::from(self.jobs),
            going_back: if self.roll_back {
                GoingBack::Allow
            } else {
                GoingBack::Refuse
            },
        };
        let runtime = threads::runtime(1)?;
        let published = runtime.block_on(publish::publish(&self.folder, &target, options));
        self.tell(
            common,
            &published.map_err(|error| self.failure(error, endpoint.as_deref()))?,
        )?;
        Ok(Outcome::Yes)
    }

    /// Returns where the bucket is, if that was said.
    fn endpoint(&self) -> Result<Option<String>, Failure> {
        let mut endpoint = self.endpoint.clone();
        for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
            if endpoint.is_none() {
                endpoint = environment::variable(name)?;
            }
        }
        Ok(endpoint)
    }

    fn target(&self, endpoint: Option<String>) -> Result<Target, Failure> {
        if !self.target.starts_with(SCHEME) {
            if self.target.contains("://") {
                let what = format!("{} is neither a folder nor a bucket", self.target);
                return Err(Failure::new(what).hint("a bucket is written s3://BUCKET/PREFIX"));
            }
            if self.endpoint.is_some() || self.region.is_some() {
                return Err(Failure::new("a folder has neither an endpoint nor a region")
                    .hint("a bucket is written s3://BUCKET/PREFIX"));
            }
            let folder = Path::new(&self.target);
            if let Some(repository) = repository::repository_around(folder) {
                return Err(BuildError::Repository(repository).into());
            }
            return Ok(Target::Folder(folder.to_owned()));
        }
        let variables = environment::beginning_with("AWS_").into_iter();
        let bucket = Bucket {
            address: self.target.clone(),
            endpoint,
            region: self.region.clone(),
            // It was looked at above.
            variables: variables
                .filter(|(name, _)| !name.starts_with("AWS_ENDPOINT"))
                .collect(),
            retries: self.retries,
        };
        bucket.open().map_err(|error| match &error {
            BucketError::NoCredentials(_) => Failure::from(error).hint(
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; on a machine of Amazon's, AWS_METADATA_ENDPOINT=http://169.254.169.254",
            ),
            BucketError::Client(..) => Failure::from(error).hint("name the store with --endpoint URL, as https://…"),
            _ => Failure::from(error),
        })
    }

    /// Says what to do next; what was sent until then is of use. Where a store is the reason, it is named.
    fn failure(&self, error: PublishError, endpoint: Option<&str>) -> Failure {
        let hint = match &error {
            PublishError::NotBuilt(folder) => {
                Some(format!("write it with `avalaches build {}`", folder.display()))
            }
            PublishError::Files(_) | PublishError::Changed(_) | PublishError::Read { .. } => Some(format!(
                "build it again with `avalaches build {}`",
                self.folder.display()
            )),
            PublishError::Manifest(_) => {
                Some("say --all to send every file and write the list anew".to_owned())
            }
            PublishError::Setback(Setback::Unreadable) => Some(
                "nothing was sent; put the checkpoint back there as it was last published, or say --roll-back where it is none of this site's or can be lost"
                    .to_owned(),
            ),
            PublishError::Setback(_) => Some(
                "nothing was sent; bring the archive up to the newest copy of it and build the site again, or say --roll-back to take back what readers were shown"
                    .to_owned(),
            ),
            PublishError::Same(_) => Some("name another folder to publish into".to_owned()),
            PublishError::Target(TargetError::NoFile(_)) => {
                Some("move it away, or publish into another folder".to_owned())
            }
            PublishError::Target(TargetError::ForeignObject(_)) => {
                Some("move it away, publish below another prefix, or say --all to replace it".to_owned())
            }
            PublishError::Target(TargetError::Foreign(_)) => {
                Some("move it away, publish into another folder, or say --all to replace it".to_owned())
            }
            PublishError::Target(TargetError::Overtaken) => Some(
                "see who publishes there; when that has ended, run the command again with the newest site, which completes it"
                    .to_owned(),
            ),
            PublishError::Target(TargetError::Store { source, .. }) => Some(to_do(source).to_owned()),
            _ => None,
        };
        let is_of_store = matches!(error, PublishError::Target(TargetError::Store { .. }));
        let failure = Failure::from(error).hint_if(hint);
        if !is_of_store {
            return failure;
        }
        let at = endpoint
            .map(|endpoint| format!(" at {endpoint}"))
            .unwrap_or_default();
        Failure {
            message: format!("{}{at}: {}", self.target, failure.message),
            ..failure
        }
    }

    fn tell(&self, common: &Common, published: &Published) -> Result<(), Failure> {
        if common.json {
            return output::print_json(&json!({
                "schema": "avalaches/publish/1",
                "target": self.target,
                "dry_run": self.dry_run,
                "sent": published.sent,
                "bytes": published.bytes,
                "unchanged": published.unchanged,
                "removed": published.removed,
            }));
        }
        let mut text = String::new();
        if common.verbose {
            for (word, names) in [("sent   ", &published.sent), ("removed", &published.removed)] {
                for name in names {
                    text.push_str(&format!("{word}  {name}\n"));
                }
            }
        }
        let be = if self.dry_run { "would be " } else { "" };
        text.push_str(&format!(
            "{} {be}sent ({}), {} unchanged, {} {be}removed\n",
            counted(published.sent.len(), "file"),
            counted(published.bytes, "byte"),
            published.unchanged,
            published.removed.len()
        ));
        output::print(&text)
    }
}

/// Returns what can be done where a store does not do what it was asked.
fn to_do(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoBucket => "make the bucket by the store's own means, or name one that is there",
        Refusal::Keys(_) => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys of that store, and AWS_SESSION_TOKEN where they are for a time"
        }
        Refusal::Forbidden => {
            "permit whoever has the keys to list the bucket and to read, write and delete its objects"
        }
        Refusal::Region => "name the region of the bucket with --region",
        Refusal::Unreachable(_) => {
            "see whether the network is up and --endpoint is where the store is, and run the command again"
        }
        Refusal::Other(_) => "what was sent is of use; run the command again to complete it",
    }
}
