//! `checkpoint --timestamp` and `--ots`: outside time for the checkpoint at the tip, kept beside it by a commit of its own.

use std::path::Path;

use avalaches::add::Circumstances;
use avalaches::archive::Archive;
use avalaches::footer::Footer;
use avalaches::log;
use avalaches::network::{Client, Limits};
use avalaches::root_files::RootChange;
use avalaches::settings::{OTS_FILE, TIMESTAMP_FILE};
use avalaches::storage::timestamp;
use avalaches::trailer::RootMessage;
use sha2::{Digest as _, Sha256};

use super::outside::Refusal;
use crate::cli::timestamping::{openssl, ots};
use crate::cli::{Common, Failure, output, settings};

/// The types of what is sent to an authority and of what it answers (RFC 3161, section 3.4).
const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";

/// What was stamped.
pub struct Stamped {
    /// Of the commit that keeps the stamp.
    pub footer: Option<Footer>,
    /// What the stamp says.
    pub said: String,
}

/// Asks an authority for a token of the checkpoint at the tip, and keeps it.
pub fn rfc3161(
    common: &Common,
    circumstances: &Circumstances,
    address: &str,
    authorities: Option<&Path>,
) -> Result<Stamped, Failure> {
    let openssl = openssl()?;
    let bytes = newest(common)?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let query = timestamp::query(&openssl, &digest)?;
    let answer = Client::new(Limits::default())?.post(address, QUERY, query)?;
    if answer.status != 200 || !answer.media_type.starts_with(REPLY) {
        let (status, media_type) = (answer.status, output::visible(&answer.media_type));
        let what =
            format!("{address} answers with status {status} and type {media_type:?} in place of a timestamp");
        return Err(Failure::new(what).hint("name the address of a time stamping authority (RFC 3161)"));
    }
    let stamp = timestamp::read(&openssl, &answer.body, &digest)?;
    if let Some(authorities) = authorities {
        timestamp::verify(&openssl, &answer.body, stamp, &digest, authorities)?;
    }
    let date = stamp
        .date()
        .map_or_else(|| format!("second {}", stamp.seconds), |date| date.to_string());
    let footer = keep(common, circumstances, &bytes, TIMESTAMP_FILE, &answer.body)?;
    Ok(Stamped {
        footer,
        said: format!("the checkpoint existed before {date}, by the word of {address}"),
    })
}

/// Has the checkpoint at the tip stamped by the user's ots, and keeps that.
pub fn by_ots(common: &Common, circumstances: &Circumstances) -> Result<Stamped, Failure> {
    let bytes = newest(common)?;
    let stamp = timestamp::ots_stamp(&ots()?, &bytes)?;
    let footer = keep(common, circumstances, &bytes, OTS_FILE, &stamp)?;
    Ok(Stamped {
        footer,
        said: "ots stamped the checkpoint; `avalaches log --ots` says when the stamp is confirmed".to_owned(),
    })
}

fn newest(common: &Common) -> Result<Vec<u8>, Failure> {
    let newest = log::newest(&common.open()?).map_err(crate::cli::log::failure)?;
    let newest = newest.ok_or_else(|| Failure::new("the archive has no checkpoint"))?;
    Ok(newest.to_string().into_bytes())
}

fn keep(
    common: &Common,
    circumstances: &Circumstances,
    stamped: &[u8],
    file: &str,
    stamp: &[u8],
) -> Result<Option<Footer>, Failure> {
    let path = common.archive_path()?;
    let decide = |archive: &Archive| -> Result<Option<RootChange>, Refusal> {
        let now = log::newest(archive)?.map(|now| now.to_string().into_bytes());
        if now.as_deref() != Some(stamped) {
            return Err(Refusal::Moved);
        }
        let message = RootMessage {
            subject: format!("checkpoint: {file}"),
            note: None,
        };
        let files = vec![(file.to_owned(), stamp.to_vec())];
        Ok(Some(RootChange::new(files, message)))
    };
    let changed = common.change_root_files(&path, circumstances, decide);
    changed.map_err(settings::failure)
}
