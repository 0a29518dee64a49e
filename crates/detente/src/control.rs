//! How a command reaches the process that serves a home: a socket in the home's folder, one JSON
//! document a line. Who can open the folder may command the node; the folder is its owner's alone.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Command, Engine, OnProgress, Progress};
use crate::fail::Failure;
use crate::home::Home;

/// Longest line, in bytes: the names of all files that one import may take.
const MAX_LINE: u64 = 64 * 1024 * 1024;
/// A path longer than this does not fit a socket address.
const MAX_SOCKET_PATH: usize = 100;

/// One line from the serving process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Progress(Progress),
    Done(Value),
    Failed(Failure),
}

/// A path to the socket that fits an address: through the folder's descriptor if the real one is
/// too long. The descriptor must live as long as the path is used.
fn short_path(home: &Home) -> std::io::Result<(PathBuf, Option<File>)> {
    let path = home.socket();
    if path.as_os_str().len() <= MAX_SOCKET_PATH {
        return Ok((path, None));
    }
    let dir = File::open(home.dir())?;
    let name = path.file_name().unwrap_or_default().to_owned();
    Ok((Path::new(&format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name), Some(dir)))
}

/// Connects to the process that serves this home, if one does.
pub fn connect(home: &Home) -> Option<UnixStream> {
    let (path, _dir) = short_path(home).ok()?;
    UnixStream::connect(path).ok()
}

/// Gives a command to the serving process and waits for its answer.
pub fn ask(
    mut stream: UnixStream,
    command: &Command,
    progress: OnProgress<'_>,
) -> Result<Value, Failure> {
    let gone = |error: std::io::Error| {
        let words = format!("the serving process of this home went away: {error}");
        Failure::environment("serve_gone", words, "run the command again")
    };
    let mut line = serde_json::to_vec(command)
        .map_err(|error| Failure::environment("json", error, "report this"))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(gone)?;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(gone)?;
        match serde_json::from_str(&line) {
            Ok(Line::Progress(news)) => progress(news),
            Ok(Line::Done(value)) => return Ok(value),
            Ok(Line::Failed(failure)) => return Err(failure),
            Err(error) => {
                let words = format!("the serving process speaks another version: {error}");
                return Err(Failure::environment("serve_version", words, "restart `serve`"));
            }
        }
    }
    Err(gone(std::io::ErrorKind::UnexpectedEof.into()))
}

/// The listening end, with its file taken away when it is dropped.
pub struct Control {
    path: PathBuf,
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Takes commands for a home whose lock this process holds.
pub fn listen(home: &Home, engine: Engine) -> Result<Control, Failure> {
    let path = home.socket();
    let failed = |error: &std::io::Error| Failure::io("listening on", &path, error);
    // The lock is ours, so a socket that lies here is a dead process's.
    let _ = std::fs::remove_file(&path);
    let (short, _dir) = short_path(home).map_err(|error| failed(&error))?;
    let listener = UnixListener::bind(short).map_err(|error| failed(&error))?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let engine = engine.clone();
            std::thread::spawn(move || serve(stream, &engine));
        }
    });
    Ok(Control { path })
}

fn serve(stream: UnixStream, engine: &Engine) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut line = String::new();
    if BufReader::new(stream.take(MAX_LINE)).read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let mut write = |line: &Line| {
        let mut bytes = serde_json::to_vec(line).unwrap_or_default();
        bytes.push(b'\n');
        // The asker may have gone; the command goes on, since it is half done.
        let _ = out.write_all(&bytes);
    };
    let answer = match serde_json::from_str::<Command>(&line) {
        Ok(command) => {
            let mut last = 0;
            engine.run(&command, &mut |news: Progress| {
                // A hundred lines are enough to draw a bar; of what has no end, each step.
                let part = match news.total {
                    0 => news.done,
                    total => news.done.saturating_mul(100) / total,
                };
                if part != last {
                    last = part;
                    write(&Line::Progress(news));
                }
            })
        }
        Err(error) => Err(Failure::usage(
            "bad_command",
            format!("not a command of this version: {error}"),
            "restart `serve` with this version of detente",
        )),
    };
    write(&match answer {
        Ok(value) => Line::Done(value),
        Err(failure) => Line::Failed(failure),
    });
}
