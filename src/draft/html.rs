//! Pages in HTML.
use super::{Draft, DraftError, DraftErrorKind};
/// Placeholder.
///
/// # Errors
/// Always.
pub fn read(_: &str) -> Result<Draft, DraftError> {
    Err(DraftError::at(0, DraftErrorKind::NoArticle))
}
