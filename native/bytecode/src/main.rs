//! Compiles JavaScript modules to QuickJS bytecode, with the engine that will run them.
//!
//! `bytecode OUT ENTRY OTHER...` writes one archive. A module is known by its file name; the first is the entry.
//! Archive: for each module, name length (u32), code length (u32), name, code; little endian.

use std::{collections::HashMap, env, error::Error, fs, path::Path};

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declarations, ModuleDef};
use rquickjs::{Context, Ctx, Module, Runtime, WriteOptions, module::Declared};

/// What the host defines; its names are linked when the module runs.
struct Host;

impl ModuleDef for Host {
    fn declare(declarations: &Declarations) -> rquickjs::Result<()> {
        include!("../../host/src/exports.rs")
            .into_iter()
            .try_for_each(|name| declarations.declare(name).map(drop))
    }
}

#[derive(Clone)]
struct Sources(HashMap<String, String>);

impl Resolver for Sources {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        _: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        Ok(name.trim_start_matches("./").to_owned())
    }
}

impl Loader for Sources {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        match self.0.get(name) {
            Some(source) => Module::declare(ctx.clone(), name, source.as_str()),
            None => Module::declare_def::<Host, _>(ctx.clone(), name),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let out = arguments.next().ok_or("usage: bytecode OUT ENTRY OTHER...")?;
    let mut names = Vec::new();
    let mut sources = HashMap::new();
    for path in arguments {
        let name = Path::new(&path).file_name().and_then(|name| name.to_str()).ok_or("not a file name")?;
        sources.insert(name.to_owned(), fs::read_to_string(&path)?);
        names.push(name.to_owned());
    }
    let mut archive = Vec::new();
    for name in &names {
        let code = compile(name, &Sources(sources.clone())).map_err(|error| format!("{name}: {error}"))?;
        archive.extend(u32::try_from(name.len())?.to_le_bytes());
        archive.extend(u32::try_from(code.len())?.to_le_bytes());
        archive.extend(name.as_bytes());
        archive.extend(code);
    }
    Ok(fs::write(out, archive)?)
}

fn compile(name: &str, sources: &Sources) -> Result<Vec<u8>, String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_loader(sources.clone(), sources.clone());
    let context = Context::full(&runtime).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        let options = WriteOptions { strip_source: true, ..Default::default() };
        Module::declare(ctx.clone(), name, sources.0[name].as_str())
            .and_then(|module| module.write(options))
            .map_err(|_| format!("{:?}", ctx.catch()))
    })
}
