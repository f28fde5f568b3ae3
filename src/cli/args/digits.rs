//! `-7`, `-d5`, `-kf7`: levels among short flags.
//!
//! To clap a digit is a flag like any other, so that `-11` would be `-1` twice. Here each run of digits becomes
//! `--level=11`, which has one parser and one error.

use std::collections::HashSet;
use std::ffi::OsString;

use clap::Command;

/// The words of a command line, levels spelled out.
#[derive(Debug)]
pub struct Spelled {
    pub words: Vec<OsString>,
    /// Whether `-h` is among the flags.
    pub asks_briefly: bool,
}

/// Spells out the levels among `words`, of which the first is the program.
pub fn spell_out(words: impl Iterator<Item = OsString>, command: &Command) -> Spelled {
    let mut with_value = HashSet::new();
    note_values(command, &mut with_value);
    let mut spelled = Spelled { words: Vec::new(), asks_briefly: false };
    let mut are_flags = true;
    for (n, word) in words.enumerate() {
        are_flags &= word != "--";
        let cluster = word.to_str().and_then(|text| text.strip_prefix('-'));
        match cluster {
            Some(cluster) if n > 0 && are_flags && !cluster.starts_with('-') => {
                split(cluster, &with_value, &mut spelled);
            }
            _ => spelled.words.push(word),
        }
    }
    spelled
}

/// Short flags behind which the rest of the word is a value, in all subcommands.
fn note_values(command: &Command, with_value: &mut HashSet<char>) {
    let takes_values = |arg: &&clap::Arg| arg.get_action().takes_values();
    with_value
        .extend(command.get_arguments().filter(takes_values).filter_map(clap::Arg::get_short));
    command.get_subcommands().for_each(|sub| note_values(sub, with_value));
}

fn split(cluster: &str, with_value: &HashSet<char>, spelled: &mut Spelled) {
    let mut flags = String::from("-");
    let mut rest = cluster;
    while let Some(flag) = rest.chars().next() {
        let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if n_digits > 0 {
            if flags.len() > 1 {
                spelled.words.push(std::mem::replace(&mut flags, "-".into()).into());
            }
            spelled.words.push(format!("--level={}", &rest[..n_digits]).into());
            rest = &rest[n_digits..];
        } else if with_value.contains(&flag) {
            flags.push_str(rest);
            break;
        } else {
            spelled.asks_briefly |= flag == 'h';
            flags.push(flag);
            rest = &rest[flag.len_utf8()..];
        }
    }
    if flags.len() > 1 || cluster.is_empty() {
        spelled.words.push(flags.into());
    }
}
