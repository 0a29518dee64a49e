//! `import --preview`: what files would bring.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use detente_desk::{Import, PreviewReport, preview};
use detente_node::report::ImportReport;
use serde::Serialize;

use super::Warnings;
use crate::fail::{Failure, exit};
use crate::import::{self, Naming};
use crate::output;
use crate::verb::Context;

/// Items and refusals that are shown of a file.
const SHOWN: usize = 10;

/// What is printed for programs.
#[derive(Serialize)]
struct Shown<'a> {
    files: &'a [PreviewReport],
    passed_over: &'a [ImportReport],
}

/// Runs `import --preview`: in this process, without the node.
pub fn previewing(
    context: &Context,
    paths: &[PathBuf],
    naming: &Naming,
    refusals: bool,
) -> Result<u8, Failure> {
    context.home().check()?;
    let found = import::find(context.home(), paths, naming)?;
    let index = Warnings::of(context.home()).index()?;
    let keep = if refusals { usize::MAX } else { SHOWN };
    let mut reports = Vec::with_capacity(found.files.len());
    for file in &found.files {
        let (options, index) = (&file.options()?, index.as_deref());
        let opened = File::open(&file.path);
        let opened = opened.map_err(|error| Failure::io("opening", &file.path, &error))?;
        let what = Import { file: &file.name, options, keep, index };
        reports.push(preview(&what, SHOWN, BufReader::new(opened)));
    }
    if context.json {
        crate::print_json(&Shown { files: &reports, passed_over: &found.others });
    } else {
        output::previewed(&reports);
        output::imports(&found.others, false);
    }
    Ok(if reports.iter().all(PreviewReport::is_well) { 0 } else { exit::REFUSED })
}
