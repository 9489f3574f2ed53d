//! The plain text of a CommonMark source.
/// Placeholder.
#[derive(Debug, thiserror::Error)]
#[error("raw HTML")]
pub struct CommonMarkError;
/// Returns the plain text.
///
/// # Errors
/// None yet.
pub fn plain_text(source: &str) -> Result<String, CommonMarkError> {
    Ok(crate::canonical::canonical(source))
}
