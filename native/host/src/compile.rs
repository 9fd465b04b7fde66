//! JavaScript modules to bytecode, at build time, by the engine that will load it.
//!
//! Archive: for each module, name length (u32), code length (u32), name, code; little endian.

use std::path::Path;
use std::rc::Rc;
use std::{fs, result};

use rquickjs::loader::{ImportAttributes, Loader};
use rquickjs::{Context, Ctx, Module, Result, Runtime, WriteOptions, module::Declared};

use crate::modules;

struct Sources(Vec<(String, String)>);

impl Sources {
    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, source)| source.as_str())
    }
}

/// A module is known by its file name.
pub fn archive(paths: &[&Path]) -> result::Result<Vec<u8>, String> {
    let sources = paths.iter().map(|path| read(path)).collect::<result::Result<Vec<_>, _>>()?;
    let sources = Rc::new(Sources(sources));
    let mut archive = Vec::new();
    for (name, source) in &sources.0 {
        let code = compile(name, source, &sources).map_err(|error| format!("{name}: {error}"))?;
        archive.extend((name.len() as u32).to_le_bytes());
        archive.extend((code.len() as u32).to_le_bytes());
        archive.extend(name.as_bytes());
        archive.extend(code);
    }
    Ok(archive)
}

fn read(path: &Path) -> result::Result<(String, String), String> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("not a file name")?;
    let source = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok((name.to_owned(), source))
}

/// In an engine of its own: one that has compiled a module has it, too.
fn compile(name: &str, source: &str, sources: &Rc<Sources>) -> result::Result<Vec<u8>, String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_loader(modules::Resolver, Others(sources.clone()));
    let context = Context::full(&runtime).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        // Line numbers of minified scripts tell nobody anything; but what imports while it runs has to know its own name.
        let strip_debug = !source.contains("import(");
        let options = WriteOptions { strip_source: true, strip_debug, ..Default::default() };
        Module::declare(ctx.clone(), name, source)
            .and_then(|module| module.write(options))
            .map_err(|_| format!("{:?}", ctx.catch()))
    })
}

/// What a module imports has to be there when it is compiled.
struct Others(Rc<Sources>);

impl Loader for Others {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        match self.0.find(name) {
            Some(source) => Module::declare(ctx.clone(), name, source),
            None => Module::declare_def::<modules::Host, _>(ctx.clone(), name),
        }
    }
}
