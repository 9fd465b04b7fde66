//! JavaScript modules to bytecode, at build time, by the engine that will load it: `compiler SCRIPT...`. The host does not
//! have this part of the engine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use rquickjs::context::intrinsic;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declarations, Declared, ModuleDef};
use rquickjs::{Context, Ctx, Module, Result, Runtime, WriteOptions};

/// To evaluate is to compile; what else scripts use is not needed for that.
type Compiler = (intrinsic::Eval, intrinsic::RegExpCompiler);

type Text<T> = std::result::Result<T, String>;

/// Makes a file of bytecode beside each script, which is known by its file name.
fn main() -> ExitCode {
    let paths: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let done = paths.iter().map(|path| read(path)).collect::<Text<Vec<_>>>().and_then(|sources| {
        paths.iter().zip(&sources).try_for_each(|(path, (name, source))| {
            let code = compile(name, source, &sources).map_err(|error| format!("{name}: {error}"))?;
            fs::write(path.with_extension("bytecode"), code).map_err(|error| format!("{name}: {error}"))
        })
    });
    if let Err(message) = &done {
        eprintln!("{message}");
    }
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(path: &Path) -> Text<(String, String)> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("not a file name")?;
    let source = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok((name.to_owned(), source))
}

/// In an engine of its own: one that has compiled a module has it, too.
fn compile(name: &str, source: &str, sources: &[(String, String)]) -> Text<Vec<u8>> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_loader(Others(Vec::new()), Others(sources.to_vec()));
    let context = Context::custom::<Compiler>(&runtime).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        // Line numbers of minified scripts tell nobody anything; but what imports while it runs has to know its own name.
        let strip_debug = !source.contains("import(");
        let options = WriteOptions { strip_source: true, strip_debug, ..Default::default() };
        Module::declare(ctx.clone(), name, source)
            .and_then(|module| module.write(options))
            .map_err(|_| format!("{:?}", ctx.catch()))
    })
}

/// What a module imports has to be there when it is compiled: other scripts, and the module of the host.
struct Others(Vec<(String, String)>);

impl Resolver for Others {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        _: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        Ok(name.trim_start_matches("./").to_owned())
    }
}

impl Loader for Others {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, source)) => Module::declare(ctx.clone(), name, source.as_str()),
            None => Module::declare_def::<Host, _>(ctx.clone(), name),
        }
    }
}

/// Which names it has is found out when it is linked.
struct Host;

impl ModuleDef for Host {
    fn declare(_: &Declarations) -> Result<()> {
        Ok(())
    }
}
