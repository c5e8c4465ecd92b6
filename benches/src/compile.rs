//! How long the compiler takes for generated code: the module of each protocol, beside an empty one that only names the
//! runtime.
//!
//! What is measured is what `cargo check` does, `rustc --emit=metadata`, in processor time of the compiler: a wall clock
//! would tell of the other programs of the machine. The runtime itself is not compiled, it is the one that this program is
//! built with.

use crate::statistics::Spread;
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io, process};
use wm_schema::codegen::{Options, rust};
use wm_schema::{dsl, resolve};

/// What is measured, and how often.
#[derive(Debug)]
pub struct Plan {
    /// How often each module is compiled.
    rounds: usize,
}

impl Plan {
    /// For numbers.
    #[must_use]
    pub const fn full() -> Self {
        Self { rounds: 7 }
    }

    /// To see that it works.
    #[must_use]
    pub const fn quick() -> Self {
        Self { rounds: 1 }
    }
}

/// Compiles the modules and makes a table of it.
///
/// # Errors
///
/// A schema is not there or has a mistake, or the compiler refuses what was generated from it.
pub fn run(plan: &Plan) -> io::Result<String> {
    let scratch = Scratch::new()?;
    let compiler = Compiler::find(&scratch)?;
    let modules = modules(&scratch)?;
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); modules.len() + 1];
    // In turns, so that what disturbs the machine for a while disturbs all of them.
    for _ in 0..plan.rounds {
        let all = [&compiler.empty].into_iter().chain(modules.iter().map(|module| &module.source));
        for (source, times) in all.zip(&mut times) {
            times.push(compiler.seconds(source, &compiler.runtime)?);
        }
    }
    let mut medians = times.into_iter().map(|times| Spread::of(times).median);
    let empty = medians.next().unwrap_or(f64::NAN);
    let mut table = format!(
        "Processor time of rustc for generated code, in seconds; the median of {}. An empty module takes {empty:.2}.\n\n\
         {:<18}{:>10}{:>8}{:>10}{:>14}{:>14}\n",
        plan.rounds, "protocol", "messages", "lines", "all", "beside empty", "a message"
    );
    for (Module { name, messages, lines, .. }, all) in modules.iter().zip(medians) {
        let own = (all - empty).max(0.0);
        #[expect(clippy::cast_precision_loss, reason = "a protocol has few messages")]
        let each = own / *messages as f64;
        writeln!(table, "{name:<18}{messages:>10}{lines:>8}{all:>10.2}{own:>14.2}{each:>14.2}")
            .map_err(io::Error::other)?;
    }
    Ok(table)
}

/// A generated module.
struct Module {
    name: String,
    messages: usize,
    lines: usize,
    source: PathBuf,
}

/// The modules of the examples and of the built-in protocols.
fn modules(scratch: &Scratch) -> io::Result<Vec<Module>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut schemas = Vec::new();
    for folder in ["examples/proto", "wm-core/src/protocol"] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            schemas.extend(path.extension().is_some_and(|extension| extension == "wm").then_some(path));
        }
    }
    schemas.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    schemas.iter().map(|path| module(scratch, path)).collect()
}

fn module(scratch: &Scratch, path: &Path) -> io::Result<Module> {
    let wrong = |what: String| io::Error::other(format!("{}: {what}", path.display()));
    let source = fs::read_to_string(path)?;
    let draft = dsl::read_file(&source, path).draft.map_err(|mistakes| wrong(format!("{mistakes:?}")))?;
    let resolved = resolve::resolve(&draft);
    let schema = resolved.schema.ok_or_else(|| wrong(format!("{:?}", resolved.diagnostics)))?;
    let code = rust::generate(&schema, &Options::default());
    let file = scratch.0.join(format!("{}.rs", schema.name));
    fs::write(&file, &code)?;
    let (name, messages, lines) = (schema.name, schema.messages.len(), code.lines().count());
    Ok(Module { name, messages, lines, source: file })
}

/// The compiler, and what generated code is compiled against.
struct Compiler {
    runtime: PathBuf,
    dependencies: PathBuf,
    empty: PathBuf,
    out: PathBuf,
}

impl Compiler {
    /// Looks for the runtime that this program was built with: the newest that compiles.
    fn find(scratch: &Scratch) -> io::Result<Self> {
        let program = env::current_exe()?;
        let dependencies = program.parent().map(|folder| folder.join("deps")).unwrap_or_default();
        let empty = scratch.0.join("empty.rs");
        fs::write(&empty, "#![forbid(unsafe_code)]\nuse ::wm_core as _;\n")?;
        let mut found = Self { runtime: PathBuf::new(), dependencies, empty, out: scratch.0.clone() };
        let mut runtimes = Vec::new();
        for entry in fs::read_dir(&found.dependencies)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("libwm_core-") && name.ends_with(".rlib") {
                runtimes.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        runtimes.sort();
        let works = |(_, runtime): &(_, PathBuf)| found.seconds(&found.empty, runtime).is_ok();
        let (_, runtime) = runtimes.into_iter().rev().find(works).ok_or_else(|| {
            io::Error::other(format!("no built wm-core beside this program, in {}", found.dependencies.display()))
        })?;
        found.runtime = runtime;
        Ok(found)
    }

    /// The processor time of the compiler for a module.
    fn seconds(&self, source: &Path, runtime: &Path) -> io::Result<f64> {
        let before = used()?;
        let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(compiler)
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--out-dir"])
            .arg(&self.out)
            .arg("-L")
            .arg(format!("dependency={}", self.dependencies.display()))
            .arg("--extern")
            .arg(format!("wm_core={}", runtime.display()))
            .arg(source)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("{}: {said}", source.display())));
        }
        Ok(used()? - before)
    }
}

/// The processor time of all compilers that have ended, in seconds.
fn used() -> io::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    #[expect(clippy::cast_precision_loss, reason = "seconds of a benchmark")]
    Ok(time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
}

/// A folder that is removed when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("wm-benches-{}", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left in a folder for temporary files does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
