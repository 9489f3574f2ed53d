//! What is taken from the environment: who archives and when, in git's own variables, and the user's git itself.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use avalaches::add::Circumstances;
use avalaches::canonical::Invisible;
use avalaches::date::{CivilDay, RevisionDate, UtcOffset};
use avalaches::object::ident::Person;
use avalaches::signature::Signer;
use avalaches::storage::fetch::Git;

use super::Failure;

/// Returns who adds pages and when, whether invisible characters are kept, and who signs.
pub fn circumstances(
    archived_at: Option<&str>,
    offset: UtcOffset,
    allow_invisible: bool,
    signer: Option<Arc<dyn Signer>>,
) -> Result<Circumstances, Failure> {
    Ok(Circumstances {
        author: person("AUTHOR")?,
        committer: person("COMMITTER")?,
        now: now(archived_at, offset)?,
        invisible: if allow_invisible {
            Invisible::Allow
        } else {
            Invisible::Refuse
        },
        signer,
    })
}

/// Returns the person that two variables of git's name, where they name one.
pub fn person(role: &str) -> Result<Option<Person>, Failure> {
    let Some(name) = variable(&format!("GIT_{role}_NAME"))? else {
        return Ok(None);
    };
    let email = variable(&format!("GIT_{role}_EMAIL"))?.unwrap_or_default();
    Person::new(&name, &email)
        .map(Some)
        .map_err(|e| Failure::new(format!("GIT_{role}_NAME: {e}")))
}

/// Returns when something is archived: the option, else `SOURCE_DATE_EPOCH`, else `GIT_COMMITTER_DATE`, else the
/// clock, in the archive's offset.
pub fn now(option: Option<&str>, offset: UtcOffset) -> Result<RevisionDate, Failure> {
    now_of("--archived-at", option, offset)
}

/// Returns the present like [`now`], where the option has another name.
pub fn now_of(name: &str, option: Option<&str>, offset: UtcOffset) -> Result<RevisionDate, Failure> {
    if let Some(text) = option {
        return RevisionDate::parse(text, offset).map_err(|e| Failure::new(format!("{name}: {e}")));
    }
    if let Some(text) = variable("SOURCE_DATE_EPOCH")? {
        let seconds = text
            .parse()
            .map_err(|_| Failure::new(format!("SOURCE_DATE_EPOCH is no number of seconds: {text:?}")))?;
        return RevisionDate::from_seconds(seconds, offset)
            .map_err(|e| Failure::new(format!("SOURCE_DATE_EPOCH: {e}")));
    }
    if let Some(text) = variable("GIT_COMMITTER_DATE")? {
        let raw = RevisionDate::parse_git(text.trim_start_matches('@'));
        let parsed = raw.map_or_else(|| RevisionDate::parse(&text, offset), Ok);
        return parsed.map_err(|e| Failure::new(format!("GIT_COMMITTER_DATE: {e}")));
    }
    clock(offset)
}

/// Returns the day of what makes no commit, as [`now`] has it: a variable that says no date is for who makes one.
pub fn day(option: Option<&str>, offset: UtcOffset) -> Result<CivilDay, Failure> {
    let now = now(option, offset);
    let now = if option.is_none() {
        now.or_else(|_| clock(offset))
    } else {
        now
    };
    Ok(now?.day())
}

/// Returns what the clock says.
pub fn clock(offset: UtcOffset) -> Result<RevisionDate, Failure> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| Failure::new("the clock is before 1970"))?;
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Ok(RevisionDate::from_seconds(seconds, offset)?)
}

/// Variables that the user's git and ssh-keygen are handed: where its configuration, its helpers and its temporary files are, how it
/// gets at keys, passwords and proxies, and in which language it complains. Nothing that redirects it to another
/// repository, and nothing that nobody needs for fetching and signing.
const HANDED_ON: [&str; 38] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "GIT_CONFIG_GLOBAL",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_ASKPASS",
    "GIT_PROXY_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "KRB5CCNAME",
];

/// Finds the user's git on `PATH`, by an absolute path, with the variables that it needs.
pub fn git() -> Result<Git, Failure> {
    let program = program("git").ok_or_else(|| {
        Failure::new("there is no git on PATH, by which other repositories are fetched")
            .hint("install git; everything that is not about other repositories works without it")
    })?;
    Ok(Git {
        program,
        environment: handed_on(),
    })
}

/// Finds a program on `PATH`, by an absolute path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_program = |file: &PathBuf| {
        fs::metadata(file)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(is_program)
}

/// Returns the variables that the user's own programs are handed.
pub fn handed_on() -> Vec<(OsString, OsString)> {
    let set = |name: &&str| Some((OsString::from(name), env::var_os(name)?));
    HANDED_ON.iter().filter_map(set).collect()
}

/// Returns the folder in which this program keeps what lasts of a user's own (XDG Base Directory Specification).
pub fn state_folder() -> Result<PathBuf, Failure> {
    own_folder("XDG_STATE_HOME", ".local/state").ok_or_else(|| {
        Failure::new("neither XDG_STATE_HOME nor HOME names a folder of yours, by its whole path")
            .hint("set XDG_STATE_HOME to a folder that lasts: what is kept lies in `avalaches` there")
    })
}

/// Returns the folder of what this program found out about lists of branches and can find out again; `None` where there is no place
/// for it.
pub fn lists_folder() -> Option<PathBuf> {
    own_folder("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("lists"))
}

/// Returns a user's own folder for this program: in the one that a variable names, or in one of the home folder. A path that is not
/// whole names another folder wherever the program is run, and so none; nor does one at or below a file, as `/dev/null` of many services.
fn own_folder(name: &str, in_home: &str) -> Option<PathBuf> {
    let named = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    let can_be_one = |path: &PathBuf| match fs::metadata(path) {
        Ok(found) => found.is_dir(),
        Err(error) => error.kind() != io::ErrorKind::NotADirectory,
    };
    let folder = match named(name) {
        Some(folder) => Some(folder).filter(can_be_one),
        None => named("HOME").filter(can_be_one).map(|home| home.join(in_home)),
    };
    folder.map(|folder| folder.join("avalaches"))
}

/// Reads a variable; one that is empty is as one that is not set.
pub fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::new(format!("{name} is not UTF-8"))),
    }
}

/// Returns the variables whose names begin in a way, with their values; those that are not UTF-8 are no setting of anything.
#[cfg(feature = "publish")]
pub fn beginning_with(prefix: &str) -> Vec<(String, String)> {
    let known = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    known.filter(|(name, _)| name.starts_with(prefix)).collect()
}
