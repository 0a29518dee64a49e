//! Tells the walk: for people as it happens, for programs as one document at the end.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::{print_json, print_text, world};

/// Tells each step when it is done.
pub struct Teller {
    json: bool,
    begun: Instant,
    last: Instant,
    steps: Vec<Value>,
}

impl Teller {
    /// Begins.
    pub fn new(json: bool) -> Teller {
        let now = world::stopwatch();
        Teller { json, begun: now, last: now, steps: Vec::new() }
    }

    /// Tells a step that was just done.
    pub fn step(&mut self, title: &str, lines: &[String]) {
        self.data(title, lines, Value::Null);
    }

    /// Tells a step with its figures as data.
    pub fn data(&mut self, title: &str, lines: &[String], data: Value) {
        let now = world::stopwatch();
        let seconds = now.duration_since(self.last).as_secs_f64();
        self.last = now;
        let number = self.steps.len() + 1;
        if !self.json {
            let mut text = format!("{number}. {title}  [{seconds:.2} s]\n");
            for line in lines {
                text.push_str(&format!("   {}\n", crate::output::safe(line)));
            }
            print_text(&text);
        }
        self.steps.push(json!({
            "step": number, "title": title, "seconds": seconds, "lines": lines, "data": data,
        }));
    }

    /// Ends with what the reader can do next.
    pub fn end(&self, dir: &Path, accord: &str, (sound, stay): (bool, bool)) {
        let seconds = world::stopwatch().duration_since(self.begun).as_secs_f64();
        let program = near(&std::env::current_exe().unwrap_or_else(|_| "detente".into()));
        let dir = near(dir);
        let verify = format!("{program} verify {dir}/record");
        let home = format!("--home {dir}/alpha --passphrase-file {dir}/passphrase");
        let look = format!("{program} {home} accord history {accord}");
        if self.json {
            print_json(&json!({
                "sound": sound, "seconds": seconds, "steps": self.steps, "folder": dir,
                "next": [verify, look], "serving": stay,
            }));
            return;
        }
        let mut text = format!("Done in {seconds:.1} s; everything lies in {dir}.\nGo on:\n");
        text.push_str(&format!("  verify the record:  {verify}\n  look around:        {look}\n"));
        if stay {
            text.push_str("Both nodes stay up; end with ctrl-c.\n");
        }
        print_text(&text);
    }
}

/// A path as one types it from the current folder.
fn near(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
