//! Differences as JSON: one form, wherever a document holds changes.

use serde_json::{Value, json};

use super::{ParagraphChange, Piece};

/// Returns the changes in the form that JSON.md describes.
#[must_use]
pub fn changes(changes: &[ParagraphChange]) -> Vec<Value> {
    changes.iter().map(change).collect()
}

fn change(change: &ParagraphChange) -> Value {
    match change {
        ParagraphChange::Changed {
            before,
            after,
            pieces,
        } => {
            let pieces: Vec<Value> = pieces.iter().map(piece).collect();
            json!({"change": "changed", "before": before, "after": after, "pieces": pieces})
        }
        ParagraphChange::Removed { before, text } => {
            json!({"change": "removed", "before": before, "text": text})
        }
        ParagraphChange::Added { after, text } => json!({"change": "added", "after": after, "text": text}),
        ParagraphChange::Moved { before, after, text } => {
            json!({"change": "moved", "before": before, "after": after, "text": text})
        }
    }
}

fn piece(piece: &Piece) -> Value {
    match piece {
        Piece::Same(text) => json!({"same": text}),
        Piece::Removed(text) => json!({"removed": text}),
        Piece::Added(text) => json!({"added": text}),
    }
}
