//! Files: the archive's own, what signs its commits, and what others captured.

use avalaches::article::Metadata;
use avalaches::capture::http::Response;
use avalaches::capture::warc::Reader;
use avalaches::compare::captures::Captures;
use avalaches::compare::judge;
use avalaches::settings::Settings;
use avalaches::signature::allowed::AllowedSigners;
use avalaches::signature::edit::PublicKey;
use avalaches::signature::judge as signature_judge;
use avalaches::signature::revoked::RevokedKeys;
use avalaches::tombstone::Tombstone;

use super::text;

/// The JSON files of an archive.
pub fn json(data: &[u8]) {
    if let Ok(settings) = Settings::parse(data) {
        assert_eq!(settings.encode(), data);
        assert!(settings.check().is_ok());
    }
    if let Ok(metadata) = Metadata::parse(data) {
        assert_eq!(metadata.encode(), data);
        assert!(metadata.check().is_ok());
    }
    let path = "expunged/8ab686eafeb1f44702738c8b0f24f2567c36da6d.json";
    if let Ok(tombstone) = Tombstone::parse(path, data) {
        assert_eq!(tombstone.encode(), data);
    }
}

/// An SSH signature and whose keys count, parted by a byte that no text has.
pub fn signature(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0xff);
    let armour = parts.next().and_then(text).unwrap_or_default();
    let allowed = AllowedSigners::parse(parts.next().unwrap_or_default());
    let revoked = RevokedKeys::parse(parts.next().unwrap_or_default());
    let judged = signature_judge::judge(armour, b"some bytes\n", 1_769_054_400, &allowed, &revoked);
    assert!(!judged.to_string().is_empty());
    // Files, too, may be anything.
    let _ = (AllowedSigners::parse(data), RevokedKeys::parse(data));
    if let Some(Ok(key)) = text(data).map(PublicKey::parse) {
        assert!(key.fingerprint().starts_with("SHA256:"));
    }
}

/// A WARC file, and an HTTP response as its records hold them.
pub fn warc(data: &[u8]) {
    if let Ok(mut reader) = Reader::new(data) {
        let mut records = 0;
        while let Ok(Some(record)) = reader.next_record() {
            records += 1;
            assert_eq!((record.number, reader.number()), (records, records));
        }
    }
    if let Ok(response) = Response::read(data) {
        let _ = response.page();
    }
    let mut captures = Captures::default();
    captures.add_warc("captures.warc", data);
    let (series, ..) = captures.into_series();
    for series in series {
        for pair in series.captures.windows(2) {
            assert!(
                pair[0].moment.instant() <= pair[1].moment.instant(),
                "captures are in the order of time"
            );
            let _ = judge(&pair[0].seen, &pair[1].seen);
        }
    }
}
