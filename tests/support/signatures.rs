//! The codes under which tampering with signatures is found; `policy_tampered.rs` has a tampering for each.

pub const SIGNATURES: [&str; 6] = [
    "signature-bad",
    "signature-expired",
    "signature-missing",
    "signature-revoked",
    "signature-unknown",
    "signature-untrusted",
];
