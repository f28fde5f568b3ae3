//! A `.llmw` as the Hugging Face directory that [`import_model`](super::import_model) makes the same one of.
//!
//! Where the weights of 8 bits are those that an importer made, they and their scales come back to the last bit. Weights
//! of 4 bits are written as what they stand for; an import looks for steps of its own. Channels that were moved or
//! smoothed stay so: what is written computes the same, in the width that the `.llmw` has.

mod config;
mod tensors;

use crate::error::{Error, Result};
use crate::model::Model;
use std::fs;
use std::path::Path;

/// The files of a directory, in the order in which they are best given their names: with the configuration it is whole.
const FILES: [&str; 3] = ["tokenizer.json", "model.safetensors", "config.json"];

/// A model ready to be written; whatever cannot be said in such a directory has been refused.
pub struct Export<'m> {
    model: &'m Model,
    start_token: u32,
    tokenizer: Vec<u8>,
    config: Vec<u8>,
}

impl<'m> Export<'m> {
    /// Looks at the model.
    ///
    /// # Errors
    /// `Unsupported`, naming what a directory cannot say.
    pub fn of(model: &'m Model) -> Result<Export<'m>> {
        let spec = model.tokenizer().spec();
        let start_token = config::start_token(spec)?;
        let tokenizer = spec.to_tokenizer_json()?;
        let config = config::json(model, start_token)?;
        Ok(Export { model, start_token, tokenizer, config })
    }

    /// The names of the files that are written.
    pub fn files() -> [&'static str; 3] {
        FILES
    }

    /// Writes one of [`files`](Self::files) to `path`, which is created or replaced.
    ///
    /// # Errors
    /// `Io`. What was written until then stays.
    pub fn write(&self, file: &str, path: &Path) -> Result<()> {
        match file {
            "config.json" => fs::write(path, &self.config)?,
            "tokenizer.json" => fs::write(path, &self.tokenizer)?,
            _ => tensors::write(self.model, self.start_token, path)?,
        }
        Ok(fs::File::open(path)?.sync_all()?)
    }
}

/// Writes config.json, tokenizer.json and model.safetensors (float32, with a tensor `NAME_scale` for the scales of each
/// quantised one) into `dir`, which is created, or is there and empty. Where it fails, nothing stays.
///
/// # Errors
/// As [`Export::of`], `Invalid` if something is in `dir`, and `Io`.
pub fn export_model(model: &Model, dir: &Path) -> Result<()> {
    let export = Export::of(model)?;
    let was_there = dir.is_dir();
    if was_there && fs::read_dir(dir)?.next().is_some() {
        return Err(Error::invalid(format!("{}: there are files in it", dir.display())));
    }
    fs::create_dir_all(dir)?;
    let written = FILES.iter().try_for_each(|file| export.write(file, &dir.join(file)));
    written.inspect_err(|_| remove(dir, was_there))
}

/// Removes what [`export_model`] may have made.
fn remove(dir: &Path, was_there: bool) {
    FILES.iter().for_each(|file| drop(fs::remove_file(dir.join(file))));
    if !was_there {
        drop(fs::remove_dir(dir));
    }
}
