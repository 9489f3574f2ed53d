//! `avalaches.json`: what an archive says about itself in every commit.

use serde::{Deserialize, Serialize};

use crate::canonical::first_unprintable;
use crate::date::UtcOffset;
use crate::json;
use crate::language::Language;
use crate::object::ident::Person;
use crate::page::BACK_ARROW;
use crate::tlog::key::{KeyKind, VerifierKey};

/// The file's name in the tree.
pub const FILE_NAME: &str = "avalaches.json";

/// Who may sign, where the archive says so: OpenSSH's allowed signers file.
pub const SIGNERS_FILE: &str = "allowed_signers";

/// Which keys are not to be believed, whatever they signed: one public key or fingerprint a line.
pub const REVOKED_FILE: &str = "revoked_keys";

/// The folder of what says why some contents are withheld.
pub const EXPUNGED_FOLDER: &str = "expunged";

/// The newest signed statement of how many revisions there are, and of the root of their tree.
pub const CHECKPOINT_FILE: &str = "checkpoint";

/// A time stamping authority's word that a checkpoint existed (RFC 3161).
pub const TIMESTAMP_FILE: &str = "checkpoint.tsr";

/// The same of `OpenTimestamps`, detached.
pub const OTS_FILE: &str = "checkpoint.ots";

/// The version of the archive format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Whether commits have to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Signatures {
    /// They may be.
    #[default]
    Optional,
    /// Each has to bear a good signature.
    Required,
}

impl Signatures {
    /// Returns the word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// The settings of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the publication.
    pub title: String,
    /// First line of every page.
    pub home_link: String,
    /// Where the pages are published, if anywhere.
    pub base_url: Option<String>,
    /// The byline of pages that name no author.
    pub byline: Option<Person>,
    /// The offset of dates given without one.
    pub utc_offset: UtcOffset,
    /// In which language a title is shown where there is a choice, best first.
    pub language_order: Vec<Language>,
    /// Whether the commits that follow have to be signed.
    pub signatures: Signatures,
    /// By which key checkpoints of the archive's log are signed; its name is the log's.
    pub log_key: Option<VerifierKey>,
}

/// Why a file is no `avalaches.json` that this program can use.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not JSON of the right shape.
    #[error("{FILE_NAME} is not what the format asks for")]
    Shape(#[source] serde_json::Error),
    /// Written by a later program.
    #[error("{FILE_NAME} has format {0}, and this program knows {FORMAT_VERSION}; use a newer avalaches")]
    Version(u32),
    /// A value cannot be used.
    #[error("{FILE_NAME}: {key} {value:?} {why}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The bytes differ from those this program writes for the same values.
    #[error("{FILE_NAME} is not written in the archive's form (sorted keys, two blanks of indent)")]
    Form,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    title: String,
    home_link: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    byline: Option<String>,
    utc_offset: String,
    language_order: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signatures: Option<String>,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Settings {
    /// Returns the settings of a new archive: back link and language order as on the project's own pages.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            home_link: format!("{BACK_ARROW} 返回 {title}"),
            base_url: None,
            byline: None,
            utc_offset: UtcOffset::UTC,
            language_order: ["zh", "en"]
                .map(|tag| tag.parse().expect("both are tags"))
                .to_vec(),
            signatures: Signatures::Optional,
            log_key: None,
        }
    }

    /// Checks values that come from outside.
    ///
    /// # Errors
    /// [`SettingsError::Value`] for the first that cannot be used.
    pub fn check(&self) -> Result<(), SettingsError> {
        let refused = |key, value: &str, why| {
            Err(SettingsError::Value {
                key,
                value: value.to_owned(),
                why,
            })
        };
        let lines = [
            ("title", Some(&self.title)),
            ("home_link", Some(&self.home_link)),
            ("base_url", self.base_url.as_ref()),
        ];
        for (key, value) in lines.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            if value.trim() != value || value.is_empty() || first_unprintable(value).is_some() {
                return refused(key, value, "is not one line of visible characters");
            }
        }
        if !self.home_link.starts_with(BACK_ARROW) {
            return refused("home_link", &self.home_link, "does not begin with ←");
        }
        if let Some(key) = &self.log_key
            && key.kind() != KeyKind::Note
        {
            return refused("log_key", &key.to_string(), "is the key of a witness");
        }
        match &self.base_url {
            Some(url) if !is_web_address(url) => refused("base_url", url, "is no http or https address"),
            _ => Ok(()),
        }
    }

    /// Checks what is asked of a base URL where it is set and where pages are made: archives have others from before.
    ///
    /// # Errors
    /// [`SettingsError::Value`] where no address of a page can be made of it.
    pub fn check_base_url(&self) -> Result<(), SettingsError> {
        match &self.base_url {
            Some(url) if !is_base_url(url) => Err(SettingsError::Value {
                key: "base_url",
                value: url.clone(),
                why: "is no address that names of pages can be put to: write https:// (or http://), a host and a path, without ? \
                      and #, a host in other letters as Punycode (xn--…), other characters of a path percent-encoded (%E6…)",
            }),
            _ => Ok(()),
        }
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let file = File {
            format: FORMAT_VERSION,
            title: self.title.clone(),
            home_link: self.home_link.clone(),
            base_url: self.base_url.clone(),
            byline: self.byline.as_ref().map(ToString::to_string),
            utc_offset: self.utc_offset.to_string(),
            language_order: self.language_order.iter().map(ToString::to_string).collect(),
            log_key: self.log_key.as_ref().map(ToString::to_string),
            signatures: match self.signatures {
                Signatures::Optional => None,
                required @ Signatures::Required => Some(required.name().to_owned()),
            },
        };
        json::canonical(&file).into_bytes()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`SettingsError`] for anything that [`Settings::encode`] would not have written.
    pub fn parse(bytes: &[u8]) -> Result<Self, SettingsError> {
        let version: Version = serde_json::from_slice(bytes).map_err(SettingsError::Shape)?;
        if version.format != FORMAT_VERSION {
            return Err(SettingsError::Version(version.format));
        }
        let file: File = serde_json::from_slice(bytes).map_err(SettingsError::Shape)?;
        let refused = |key, value: &str, why| SettingsError::Value {
            key,
            value: value.to_owned(),
            why,
        };
        let byline = match &file.byline {
            Some(text) => {
                Some(Person::parse(text).map_err(|_| refused("byline", text, "is no author's name"))?)
            }
            None => None,
        };
        let settings = Self {
            title: file.title,
            home_link: file.home_link,
            base_url: file.base_url,
            byline,
            utc_offset: file
                .utc_offset
                .parse()
                .map_err(|_| refused("utc_offset", &file.utc_offset, "is no offset"))?,
            language_order: file
                .language_order
                .iter()
                .map(|tag| {
                    tag.parse()
                        .map_err(|_| refused("language_order", tag, "is no language tag"))
                })
                .collect::<Result<_, _>>()?,
            log_key: match &file.log_key {
                Some(text) => Some(text.parse().map_err(|_| refused("log_key", text, "is no key"))?),
                None => None,
            },
            signatures: match file.signatures.as_deref() {
                None => Signatures::Optional,
                Some("required") => Signatures::Required,
                Some(other) => {
                    return Err(refused(
                        "signatures",
                        other,
                        "is not required; without it they are optional",
                    ));
                }
            },
        };
        settings.check()?;
        if settings.encode() == bytes {
            Ok(settings)
        } else {
            Err(SettingsError::Form)
        }
    }
}

/// Tells whether a path in the tree is a root file's: one that is the archive's, and no article's.
#[must_use]
pub fn is_root_file(path: &str) -> bool {
    let expunged = path
        .strip_prefix(EXPUNGED_FOLDER)
        .and_then(|rest| rest.strip_prefix('/'));
    let whole = [
        FILE_NAME,
        SIGNERS_FILE,
        REVOKED_FILE,
        CHECKPOINT_FILE,
        TIMESTAMP_FILE,
        OTS_FILE,
    ];
    whole.contains(&path) || expunged.is_some_and(|name| !name.contains('/'))
}

/// Tells whether a text is an http or https address of one line without blanks.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !text.contains(char::is_whitespace)
        && first_unprintable(text).is_none()
}

/// Tells whether a text is an http or https address of RFC 3986, without query and fragment.
fn is_base_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_known = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@!$&'()*+,;=%".contains(&b);
    let is_encoded = |after: &str| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        !host.is_empty()
            && !host.starts_with(':')
            && rest.bytes().all(is_known)
            && rest.split('%').skip(1).all(is_encoded)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_can_have_names_put_to_it() {
        let is_refused = |url: &str| {
            let mut settings = Settings::new("A");
            settings.base_url = Some(url.to_owned());
            settings.check_base_url().is_err()
        };
        for good in [
            "https://example.org",
            "http://user@example.org:8080/a;b/~c/%E6%A1%A5/",
            "https://[2001:db8::1]/",
            "https://xn--fsqu00a.org/it's",
        ] {
            assert!(!is_refused(good), "{good}");
        }
        for bad in [
            "ftp://example.org",
            "https://",
            "https:///a",
            "https://:80/",
            "https://user@/a",
            "https://e.org/\"rel=\"stylesheet\"",
            "https://e.org/<b>",
            "https://e.org/?x=1",
            "https://e.org/#f",
            "https://例子.org",
            "https://e.org/桥",
            "https://e.org/a b",
            "https://e.org/%",
            "https://e.org/%2",
            "https://e.org/%zz",
            "https://e.org/\\",
            "https://e.org/`a`",
            "https://e.org/{a}|^",
        ] {
            assert!(is_refused(bad), "{bad}");
        }
    }

    #[test]
    fn settings_read_back_what_they_print() {
        let mut settings = Settings::new("Avalaches");
        assert_eq!(settings.home_link, "← 返回 Avalaches");
        settings.byline = Some(Person::parse("林晓 <lin@example.org>").unwrap());
        settings.base_url = Some("https://example.org/a".to_owned());
        settings.utc_offset = "+08:00".parse().unwrap();
        assert_eq!(Settings::parse(&settings.encode()).unwrap(), settings);
        settings.signatures = Signatures::Required;
        let text = String::from_utf8(settings.encode()).unwrap();
        assert!(
            text.contains("  ],\n  \"signatures\": \"required\",\n  \"title\""),
            "{text}"
        );
        let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        settings.log_key = Some(key.parse().unwrap());
        assert_eq!(Settings::parse(&settings.encode()).unwrap(), settings);
    }

    #[test]
    fn a_file_in_another_form_or_of_another_version_is_refused() {
        let text = String::from_utf8(Settings::new("A").encode()).unwrap();
        let refused = |from: &str, to: &str| Settings::parse(text.replace(from, to).as_bytes()).unwrap_err();
        assert!(matches!(
            refused("\"format\": 1", "\"format\": 2, \"new\": 0"),
            SettingsError::Version(2)
        ));
        assert!(matches!(
            refused("  \"title\"", " \"title\""),
            SettingsError::Form
        ));
        assert!(matches!(
            refused("← ", ""),
            SettingsError::Value { key: "home_link", .. }
        ));
        assert!(matches!(
            refused("\"A\"", "\"\\n\""),
            SettingsError::Value { key: "title", .. }
        ));
        assert!(matches!(
            refused("+00:00", "+99:00"),
            SettingsError::Value {
                key: "utc_offset",
                ..
            }
        ));
        assert!(matches!(refused("{", "["), SettingsError::Shape(_)));
        let wished = |word: &str| refused("  \"title\"", &format!("  \"signatures\": {word},\n  \"title\""));
        for word in ["\"optional\"", "\"Required\"", "\"\""] {
            let why = wished(word);
            assert!(
                matches!(
                    why,
                    SettingsError::Value {
                        key: "signatures",
                        ..
                    }
                ),
                "{why}"
            );
        }
        assert!(matches!(wished("true"), SettingsError::Shape(_)));
        assert!(matches!(wished("null"), SettingsError::Form));
    }

    #[test]
    fn a_web_address_names_a_machine_and_stands_on_one_line() {
        for good in [
            "https://example.org",
            "http://example.org/a?b#c",
            "https://例子.org/一",
        ] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "https://",
            "https:///example.org",
            "http:example.org",
            "ftp://example.org",
            "//example.org",
            "https://example.org/a b",
            "https://example.org/a\n",
            "https://example.org/\u{202e}a",
        ] {
            assert!(!is_web_address(bad), "{bad:?}");
        }
    }
}
