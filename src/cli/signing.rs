//! `--sign`: who signs the commits that a command makes, and with which key.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use avalaches::settings::Signatures;
use avalaches::signature::judge::Judgement;
use avalaches::signature::{SignError, Signer};
use avalaches::storage::sign::{Key, SshKeygen};

use super::{Common, Failure, environment, output};

/// Options of every command that makes commits.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Signing {
    /// Sign with an SSH key: a file, or a public key that an agent has [default: `AVALACHES_SIGNING_KEY`, else git's user.signingkey]
    #[arg(
        long,
        value_name = "KEY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    sign: Option<String>,
    /// Do not sign; refused where the archive asks for signatures
    #[arg(long, conflicts_with = "sign")]
    no_sign: bool,
}

impl Signing {
    /// Names the option that is given.
    pub fn given(&self) -> Option<&'static str> {
        let no_sign = self.no_sign.then_some("--no-sign");
        self.sign.as_ref().map(|_| "--sign").or(no_sign)
    }

    /// Returns who signs, where commits are to be signed: where the user or the archive asks for it.
    pub fn signer(&self, asked: Signatures) -> Result<Option<Arc<dyn Signer>>, Failure> {
        let key = match (self.sign.as_deref(), asked) {
            (_, Signatures::Required) if self.no_sign => {
                return Err(Failure::new(
                    "the archive asks for signatures, and --no-sign is said; nothing was done",
                )
                .hint("leave --no-sign out, or say with --sign=KEY which key signs"));
            }
            (None, Signatures::Required) => "",
            (None, Signatures::Optional) => return Ok(None),
            (Some(key), _) => key,
        };
        let key = match key {
            "" => default_key().map_err(|mut failure| {
                if self.sign.is_none() {
                    failure
                        .message
                        .insert_str(0, "this commit has to be signed, and ");
                }
                failure
            })?,
            key => key.to_owned(),
        };
        let signer = SshKeygen {
            program: environment::program("ssh-keygen").ok_or_else(|| {
                Failure::new("there is no ssh-keygen on PATH, which signs commits")
                    .hint("install OpenSSH; where nothing is signed everything works without it")
            })?,
            environment: environment::handed_on(),
            scratch: env::temp_dir(),
            key: match Key::parse(&key) {
                Key::File(path) => Key::File(at_home(path)),
                literal @ Key::Literal(_) => literal,
            },
        };
        Ok(Some(Arc::new(signer)))
    }

    /// Returns who signs, unless nothing is to be written: the ids of a dry run are those of unsigned commits.
    pub fn signer_unless(
        &self,
        dry_run: bool,
        asked: Signatures,
        common: &Common,
    ) -> Result<Option<Arc<dyn Signer>>, Failure> {
        let signer = self.signer(asked)?;
        if dry_run && signer.is_some() {
            if !common.quiet {
                output::note("a dry run does not sign: the ids will be others");
            }
            return Ok(None);
        }
        Ok(signer)
    }
}

/// Says that a commit is not signed as it has to be, and what did not happen for that.
pub fn unsigned(error: SignError, what: &str) -> Failure {
    let hint = match &error {
        SignError::Signer(_) | SignError::Armour => {
            "check the key with `ssh-keygen -Y sign -n git -f KEY`, or put it into an agent"
        }
        SignError::Missing => "say with --sign=KEY which key signs",
        SignError::NotGood(judged) => match judged.judgement {
            Judgement::Untrusted => {
                "`avalaches signers` names the keys that count; with one of them `signers allow` lets another in"
            }
            _ => "sign with another key of those that `avalaches signers` names",
        },
    };
    let hint = format!("nothing was {what}; {hint}");
    Failure::from(error).hint(hint)
}

/// Returns the key that the environment or the user's git names.
fn default_key() -> Result<String, Failure> {
    if let Some(key) = environment::variable("AVALACHES_SIGNING_KEY")? {
        return Ok(key);
    }
    let missing = |what: &str| {
        Failure::new(format!("no key to sign with is named: {what}"))
            .hint("say --sign=KEY, set AVALACHES_SIGNING_KEY, or git's gpg.format to ssh and user.signingkey")
    };
    let git = environment::git().map_err(|_| missing("there is no git to ask for user.signingkey"))?;
    match git.setting("gpg.format")?.as_deref() {
        Some("ssh") => {}
        _ => return Err(missing("git's gpg.format is not ssh")),
    }
    let key = git.setting("user.signingkey")?.filter(|key| !key.is_empty());
    key.ok_or_else(|| missing("git has no user.signingkey"))
}

/// A path that begins with `~/` as the shell has it, which does not read it after `=`.
fn at_home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), env::var_os("HOME")) {
        (Ok(below), Some(home)) => PathBuf::from(home).join(below),
        _ => path,
    }
}
