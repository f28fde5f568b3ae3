//! A model of ours as a Hugging Face directory.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use llmzip::import::Export;
use llmzip::model::{Model, builtin};

use super::manage::{Found, find};
use crate::cli::files::Temporary;
use crate::cli::names::shown;

/// Writes what `import` reads. The files get their names when all of them are whole.
pub fn export(name: &str, dir: &Path, force: bool) -> anyhow::Result<String> {
    let model = match find(name)? {
        Found::Builtin => builtin(),
        Found::Cached(cached) => {
            cached.open().with_context(|| cached.path.display().to_string())?.into()
        }
    };
    let export = Export::of(&model).context(name.to_owned())?;
    let there = dir.try_exists().with_context(|| shown(dir))?;
    if there && !dir.is_dir() {
        bail!("{} is no directory", shown(dir));
    }
    if there && !force && fs::read_dir(dir).with_context(|| shown(dir))?.next().is_some() {
        bail!("there are files in {}; -f replaces those of a model", shown(dir));
    }
    fs::create_dir_all(dir).with_context(|| shown(dir))?;
    let written = write(&export, &model, dir, force).with_context(|| shown(dir));
    if written.is_err() && !there {
        // Empty again, unless somebody else was here.
        drop(fs::remove_dir(dir));
    }
    written?;
    Ok(format!("{}: {}\n{}\n", model.name(), model.id(), dir.display()))
}

fn write(export: &Export<'_>, model: &Model, dir: &Path, force: bool) -> anyhow::Result<()> {
    let mut whole = Vec::new();
    for name in Export::files() {
        let path = dir.join(name);
        let file = Temporary::beside(&path, false)?;
        export.write(name, file.path())?;
        whole.push((file, path));
    }
    model.check_unchanged()?;
    for (file, path) in whole {
        file.persist(&path, force)?;
    }
    Ok(())
}
