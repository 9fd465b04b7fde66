//! JavaScript modules to bytecode, at build time, by the engine that will load it.

use std::path::Path;
use std::rc::Rc;
use std::{fs, result};

use rquickjs::context::intrinsic;
use rquickjs::loader::{ImportAttributes, Loader};
use rquickjs::{Context, Ctx, Module, Result, Runtime, WriteOptions, module::Declared};

use crate::modules;

/// To evaluate is to compile; what else scripts use is not needed for that.
type Compiler = (intrinsic::Eval, intrinsic::RegExpCompiler);

type Sources = Rc<Vec<(String, String)>>;

/// Makes a file of bytecode beside each script, which is known by its file name.
pub fn compile_all(paths: &[&Path]) -> result::Result<(), String> {
    let sources = paths.iter().map(|path| read(path)).collect::<result::Result<Vec<_>, _>>()?;
    let sources = Rc::new(sources);
    paths.iter().zip(&*sources).try_for_each(|(path, (name, source))| {
        let code = compile(name, source, &sources).map_err(|error| format!("{name}: {error}"))?;
        fs::write(path.with_extension("bytecode"), code).map_err(|error| format!("{name}: {error}"))
    })
}

fn read(path: &Path) -> result::Result<(String, String), String> {
    let name = modules::name(path).ok_or("not a file name")?;
    let source = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok((name, source))
}

/// In an engine of its own: one that has compiled a module has it, too.
fn compile(name: &str, source: &str, sources: &Sources) -> result::Result<Vec<u8>, String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_loader(modules::Resolver, Others(sources.clone()));
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

/// What a module imports has to be there when it is compiled.
struct Others(Sources);

impl Loader for Others {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, source)) => Module::declare(ctx.clone(), name, source.as_str()),
            None => Module::declare_def::<modules::Host, _>(ctx.clone(), name),
        }
    }
}
