//! Why an object store did not do what it was asked: what it said, or what kept it from being asked, without its XML.

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

/// What kept a store from doing something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bucket is not there.
    #[error("there is no such bucket")]
    NoBucket,
    /// The keys are not those of somebody whom the store knows, or are no longer; with the store's own word for it.
    #[error("the store does not accept the keys ({0})")]
    Keys(String),
    /// Whoever has the keys may not do that.
    #[error("the store knows the keys, and does not permit that with them")]
    Forbidden,
    /// The bucket is in another region than was said.
    #[error("the bucket is in another region")]
    Region,
    /// The store was not reached, or did not answer in time; with the innermost reason.
    #[error("the store could not be reached ({0})")]
    Unreachable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Refusal {
    /// Tells apart what is known of an error. The codes are those of the Amazon S3 API Reference, "Error responses", which what
    /// speaks like it answers with as well.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let mut innermost: &(dyn std::error::Error + 'static) = error;
        let mut is_unreached = false;
        while let Some(cause) = innermost.source() {
            is_unreached |= cause
                .downcast_ref::<HttpError>()
                .is_some_and(|error| matches!(error.kind(), HttpErrorKind::Connect | HttpErrorKind::Timeout));
            innermost = cause;
        }
        if is_unreached {
            return Self::Unreachable(innermost.to_string());
        }
        // The client hands the store's document on in its message alone.
        let said = error.to_string();
        let code = element(&said, "Code").unwrap_or_default();
        match (code, error) {
            ("NoSuchBucket", _) => Self::NoBucket,
            (
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "InvalidToken"
                | "TokenRefreshRequired"
                | "RequestTimeTooSkewed"
                | "NotSignedUp",
                _,
            )
            | (_, Error::Unauthenticated { .. }) => Self::Keys(shown(&said, code)),
            (
                "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
                _,
            ) => Self::Region,
            (_, Error::PermissionDenied { .. }) => Self::Forbidden,
            ("", _) if said.contains("redirect without LOCATION") => Self::Region,
            ("", _) => Self::Other(innermost.to_string()),
            _ => Self::Other(shown(&said, code)),
        }
    }
}

/// Returns what a store said: its code, and its message where there is one.
fn shown(said: &str, code: &str) -> String {
    match element(said, "Message") {
        Some(message) if !message.is_empty() => format!("{code}: {}", message.trim_end_matches('.')),
        _ if code.is_empty() => "401 Unauthorized".to_owned(),
        _ => code.to_owned(),
    }
}

/// Returns the text of the first element of a name, as it is written.
fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(document: &str) -> Error {
        Error::Generic {
            store: "S3",
            source: format!("Server returned non-2xx status code: 400 Bad Request: {document}").into(),
        }
    }

    #[test]
    fn the_codes_of_a_store_are_told_in_words() {
        let document = |code: &str| {
            answered(&format!(
                "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Why.</Message></Error>"
            ))
        };
        assert_eq!(Refusal::of(&document("NoSuchBucket")), Refusal::NoBucket);
        assert_eq!(
            Refusal::of(&document("ExpiredToken")),
            Refusal::Keys("ExpiredToken: Why".to_owned())
        );
        assert_eq!(Refusal::of(&document("PermanentRedirect")), Refusal::Region);
        assert_eq!(
            Refusal::of(&document("SlowDown")),
            Refusal::Other("SlowDown: Why".to_owned())
        );
        assert_eq!(
            Refusal::of(&answered("")),
            Refusal::Other("Server returned non-2xx status code: 400 Bad Request: ".to_owned())
        );
    }

    #[test]
    fn who_may_not_is_told_from_who_is_not_known() {
        let source = "403 Forbidden: <Error><Code>AccessDenied</Code></Error>";
        let path = "a".to_owned();
        let denied = Error::PermissionDenied {
            path,
            source: source.into(),
        };
        assert_eq!(Refusal::of(&denied), Refusal::Forbidden);
        let path = "a".to_owned();
        let unknown = Error::Unauthenticated {
            path,
            source: "401 Unauthorized".into(),
        };
        assert_eq!(
            Refusal::of(&unknown),
            Refusal::Keys("401 Unauthorized".to_owned())
        );
    }
}
