//! What a package has beside the program: manual pages and completions, made of the flags themselves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;

use super::args::Cli;

const NAME: &str = "llmzip";
const SHELLS: [Shell; 5] = [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

#[derive(Debug, Args)]
pub struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write a manual page for the program and each of its commands into DIR
    Man { dir: PathBuf },
    /// Write completions for bash, elvish, fish, PowerShell and zsh into DIR
    Completions { dir: PathBuf },
}

/// Writes the files; the names of what was written come back, a line each.
pub fn generate(generate: &Generate) -> anyhow::Result<String> {
    let (What::Man { dir } | What::Completions { dir }) = &generate.what;
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let written = match generate.what {
        What::Man { .. } => man(dir),
        What::Completions { .. } => completions(dir),
    };
    let mut written = written.with_context(|| dir.display().to_string())?;
    written.sort();
    Ok(written.iter().map(|path| format!("{}\n", path.display())).collect())
}

fn man(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut command = Cli::command();
    // The usage of the program has two lines, which a manual page would run into one.
    command.build();
    let mut written = Vec::new();
    pages(command, NAME.to_owned(), dir, &mut written)?;
    Ok(written)
}

/// The page of a command, and those of the commands in it.
fn pages(
    command: clap::Command,
    name: String,
    dir: &Path,
    written: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    for inner in
        command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
    {
        pages(inner.clone(), format!("{name}-{}", inner.get_name()), dir, written)?;
    }
    let path = dir.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .title(name.to_uppercase())
        .manual("llmzip manual")
        .render(&mut page)?;
    fs::write(&path, page)?;
    written.push(path);
    Ok(())
}

fn completions(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let file = |shell| clap_complete::generate_to(shell, &mut Cli::command(), NAME, dir);
    SHELLS.into_iter().map(file).collect()
}
