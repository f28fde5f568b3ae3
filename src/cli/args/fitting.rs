//! Which flags do something in which mode; the others are refused, so that nobody waits for what does not come.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// What is done, where flags and not a subcommand say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Compress,
    Decompress,
    Test,
    List,
}

use Mode::{Compress, Decompress, List, Test};

/// Flags that do nothing in some mode, with the modes in which they do something. Levels, -k, -f and -c are taken
/// everywhere, as gzip, xz and zstd do: people have them in variables and aliases.
const FITTING: &[(&str, &[Mode])] = &[
    ("output", &[Compress, Decompress]),
    ("output_dir", &[Compress, Decompress]),
    ("rm", &[Compress, Decompress]),
    ("lanes", &[Compress]),
    ("window", &[Compress]),
    ("group", &[Compress]),
    ("full_hashes", &[Compress]),
    ("no_transform", &[Compress]),
    ("verify", &[Compress]),
    ("exclude_compressed", &[Compress]),
    ("recover", &[Decompress, Test]),
    ("max_output", &[Decompress, Test]),
    ("no_sparse", &[Decompress]),
    ("memory_limit", &[Compress, Decompress, Test]),
    ("model", &[Compress, Decompress, Test]),
    ("json", &[List]),
    ("profile", &[Compress]),
    ("datagram", &[Compress, Decompress]),
    ("check", &[Compress, Decompress]),
    ("each_line", &[Compress, Decompress]),
    ("armor", &[Compress, Decompress]),
    ("prime", &[Compress, Decompress]),
    ("session", &[Compress, Decompress]),
];

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Compress => "compressing",
            Decompress => "decompressing",
            Test => "testing",
            List => "listing",
        }
    }
}

/// Refuses what was given on the command line and does nothing in `mode`.
pub fn check(mode: Mode, given: &ArgMatches, command: &mut Command) -> Result<(), clap::Error> {
    for (id, modes) in FITTING {
        if !modes.contains(&mode) && given.value_source(id) == Some(ValueSource::CommandLine) {
            let arg = command.get_arguments().find(|arg| arg.get_id() == id);
            let flag = arg.and_then(clap::Arg::get_long).unwrap_or(id);
            let text = format!("--{flag} does nothing when {}", mode.name());
            return Err(command.error(ErrorKind::ArgumentConflict, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_of_the_table_exists() {
        let command = crate::cli::args::Cli::command();
        for (id, _) in FITTING {
            assert!(command.get_arguments().any(|arg| arg.get_id() == id), "{id}");
        }
    }
}
