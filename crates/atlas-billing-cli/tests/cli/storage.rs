//! Folders that are full or read-only, and a kill that cannot be heard: a file is whole or absent.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use atlas_billing_mock::{At, Fault, On, Operation, Ready};

use super::atlas::{Atlas, Ran, atlas, scenario, started};

const ITEMS: &[&str] = &["invoices", "items", "last", "-o", "jsonl"];
const COSTS: &[&str] = &["costs", "2025-02", "-o", "csv"];

/// Runs `command` by a shell that first prepares the folder, and says at the end what is in it.
/// The folder goes before the command's own words.
pub(crate) fn by_shell(wrap: &[&str], prepare: &str, folder: &Path, command: &Command) -> Ran {
    let script = format!("{prepare}\n\"$@\"\ncode=$?\nfind \"$0\" -type f -size +0\nexit $code");
    let words: Vec<_> = wrap.iter().chain(&["sh", "-c", &script]).copied().collect();
    let mut shell = Command::new(words[0]);
    shell.args(&words[1..]).arg(folder);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    Ran::of(shell)
}

/// As root of a namespace of its own, where file systems can be mounted that nobody else sees.
/// `None` where the system lets nobody do so, unless `STORAGE_TESTS=all` demands it.
pub(crate) fn mounted(
    options: &str,
    prepare: &str,
    folder: &Path,
    command: &Command,
) -> Option<Ran> {
    let alone = ["unshare", "--user", "--map-root-user", "--mount"];
    let mount = "mount -t tmpfs -o";
    let probe = format!("{mount} size=4k tmpfs \"$0\"");
    let able = Command::new(alone[0])
        .args(&alone[1..])
        .args(["sh", "-c", &probe])
        .arg(folder)
        .output()
        .is_ok_and(|output| output.status.success());
    if !able {
        let required = std::env::var_os("STORAGE_TESTS").is_some_and(|given| given == "all");
        assert!(!required, "no file system can be mounted here");
        eprintln!("not run: no file system can be mounted here");
        return None;
    }
    let prepare = format!("{mount} {options} tmpfs \"$0\" || exit 99\n{prepare}");
    Some(by_shell(&alone, &prepare, folder, command))
}

fn with_file(atlas: &Atlas, args: &[&str], flag: &str, path: &Path) -> Command {
    atlas.command(&[args, &[flag, path.to_str().unwrap()]].concat())
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
    let folder = &directory.path().canonicalize().unwrap();
    let file = folder.join("kept");
    let prepare = "printf old > \"$0\"/kept";
    // The first is full while it writes; the second once it flushes what it held back.
    for (args, size) in [(ITEMS, "size=64k"), (COSTS, "size=4k")] {
        let command = with_file(&atlas, args, "--output-file", &file);
        let Some(ran) = mounted(size, prepare, folder, &command) else {
            return;
        };
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert_eq!(ran.stdout.trim(), file.to_str().unwrap());
        let said = format!("cannot write {}: No space left on device", file.display());
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    }
}

#[test]
fn a_full_disk_leaves_no_part_of_an_invoice() {
    let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
    let folder = &directory.path().canonicalize().unwrap();
    let command = with_file(&atlas, ITEMS, "--output-dir", &folder.join("out"));
    let prepare = "printf old > \"$0\"/kept";
    let Some(ran) = mounted("size=64k", prepare, folder, &command) else {
        return;
    };
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert_eq!(ran.stdout.trim(), folder.join("kept").to_str().unwrap());
    assert!(ran.stderr.contains("No space left"), "{}", ran.stderr);
}

#[test]
fn a_read_only_folder_is_said_before_anything_is_asked() {
    let atlas = Atlas::start(scenario().ready(Ready::Never));
    let directory = tempfile::tempdir().unwrap();
    let folder = &directory.path().canonicalize().unwrap();
    for (args, flag, path) in [
        (COSTS, "--output-file", folder.join("costs.csv")),
        (ITEMS, "--output-file", folder.join("items.jsonl")),
        (ITEMS, "--output-dir", folder.join("out")),
        (ITEMS, "--output-dir", folder.clone()),
    ] {
        let command = with_file(&atlas, args, flag, &path);
        let Some(ran) = mounted("ro", "", folder, &command) else {
            return;
        };
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert_eq!(ran.stdout, "");
        let said = &ran.stderr;
        assert!(said.contains("Read-only file system"), "{said}");
        assert!(said.contains(folder.to_str().unwrap()), "{said}");
    }
    assert_eq!(atlas.asked(), [""; 0]);
}

/// What a full disk looks like where none can be mounted: a limit on the size of files
/// (setrlimit(2)), with its signal ignored so that the write itself fails.
#[test]
fn a_file_that_may_not_grow_leaves_what_was_there() {
    let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
    let folder = &directory.path().canonicalize().unwrap();
    let kept = folder.join("kept");
    fs::write(&kept, "old").unwrap();
    for (flag, path) in [
        ("--output-file", kept.clone()),
        ("--output-dir", folder.join("out")),
    ] {
        let command = with_file(&atlas, ITEMS, flag, &path);
        let ran = by_shell(&[], "trap '' XFSZ; ulimit -f 8", folder, &command);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(ran.stderr.contains("File too large"), "{}", ran.stderr);
        assert_eq!(ran.stdout.trim(), kept.to_str().unwrap());
        assert_eq!(fs::read_to_string(&kept).unwrap(), "old");
    }
}

#[test]
fn standard_output_that_is_full_is_an_error() {
    let atlas = atlas();
    for args in [ITEMS, COSTS, &["invoices", "show", "last"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = atlas.command(args);
        let output = command.stdout(full.unwrap()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("cannot write the output"), "{said}");
        assert!(said.contains("No space left"), "{said}");
    }
}

#[test]
fn killed_in_the_middle_it_leaves_what_was_there() {
    let stall = Fault::Stall(At::Body(100_000));
    let atlas = Atlas::start(scenario().fault(On::operation(Operation::Invoice), stall));
    for flag in ["--output-file", "--output-dir"] {
        // In memory, where Linux has files without a name; usual file systems have them too.
        let memory = Path::new("/dev/shm");
        let directory = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let directory = directory.unwrap();
        let kept = directory.path().join("kept");
        fs::write(&kept, "old").unwrap();
        let path = match flag {
            "--output-file" => kept.as_path(),
            _ => directory.path(),
        };
        let (mut child, _) = started(
            with_file(&atlas, &[&["-v"], ITEMS].concat(), flag, path),
            "/invoices/",
        );
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        assert_eq!(fs::read_to_string(&kept).unwrap(), "old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_pipe_is_written_to_and_stays_a_pipe() {
    use std::os::unix::fs::FileTypeExt;

    let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
    let pipe = directory.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let ran = Ran::of(with_file(&atlas, COSTS, "--output-file", &pipe));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(reader.join().unwrap(), atlas.ok(COSTS).stdout);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_file_in_a_folder_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;

    let (atlas, directory) = (atlas(), tempfile::tempdir().unwrap());
    let args = [ITEMS, &["--output-dir", directory.path().to_str().unwrap()]].concat();
    atlas.ok(&args);
    let month = fs::read_dir(directory.path()).unwrap().next().unwrap();
    let file = fs::read_dir(month.unwrap().path()).unwrap().next().unwrap();
    let file = file.unwrap().path();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    atlas.ok(&args);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
