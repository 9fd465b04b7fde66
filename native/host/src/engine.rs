//! The engine with the TypeScript loaded: made once, at build time, and woken in every process.

use rquickjs::context::intrinsic;
use rquickjs::qjs;
use rquickjs::{
    Array, CatchResultExt, Context, Ctx, Function, Module, Object, Persistent, Promise, Result, Runtime,
    TypedArray,
};

use crate::{arena, bytes, modules};

/// What the engine is given; what is not here (eval, patterns that are no literals, Date, Proxy, WeakRef) the TypeScript does without.
type Intrinsics =
    (intrinsic::Json, intrinsic::MapSet, intrinsic::Promise, intrinsic::RegExp, intrinsic::TypedArrays);

pub struct Engine {
    /// Pages of the arena that most commands write to, for `arena::populate`.
    pub hot: Vec<[u32; 2]>,
    /// Those that they only read.
    pub read: Vec<[u32; 2]>,
    context: Context,
    main: Persistent<Function<'static>>,
    argv: Persistent<Array<'static>>,
    environ: Persistent<Array<'static>>,
}

impl Engine {
    /// Loads the entry of the archive, and has its `preload` load the rest, which answers with `hot`. The message of what
    /// they throw otherwise.
    pub fn load(archive: modules::Archive) -> std::result::Result<Engine, String> {
        let runtime = Runtime::new_with_alloc(arena::Memory).map_err(|error| error.to_string())?;
        // A command lives for milliseconds: collecting or freeing what the exit frees costs more than it brings.
        runtime.set_gc_threshold(usize::MAX);
        runtime.set_loader(modules::Resolver, modules::Loader(archive.clone()));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(|error| error.to_string())?;
        context.with(|ctx| prepare(&context, &ctx, &archive).catch(&ctx).map_err(|error| error.to_string()))
    }

    /// Calls `main` of the entry, which ends the process. Whoever returns here has thrown, or waits for what will
    /// never come.
    pub fn run(&self, arguments: &[&[u8]], environment: &[&[u8]]) {
        self.context.with(|ctx| {
            // The stack is where it is in this process, not where it was when the engine was made.
            // SAFETY: the context and its runtime are alive.
            unsafe { qjs::JS_UpdateStackTop(qjs::JS_GetRuntime(ctx.as_raw().as_ptr())) };
            if let Err(error) = self.start(&ctx, arguments, environment).catch(&ctx) {
                eprintln!("runt: internal error: {error}");
            }
        });
    }

    fn start(&self, ctx: &Ctx<'_>, arguments: &[&[u8]], environment: &[&[u8]]) -> Result<()> {
        let argv = self.argv.clone().restore(ctx)?;
        arguments.iter().enumerate().try_for_each(|(n, string)| argv.set(n, bytes::to_js(ctx, string)?))?;
        self.environ.clone().restore(ctx)?.set(0, bytes::to_js(ctx, &environment.join(&0))?)?;
        self.main.clone().restore(ctx)?.call::<_, Promise>(())?.finish::<()>()
    }
}

fn prepare(context: &Context, ctx: &Ctx<'_>, archive: &modules::Archive) -> Result<Engine> {
    let entry: Object = Module::import(ctx, modules::ENTRY)?.finish()?;
    entry.get::<_, Function>("preload")?.call::<_, Promise>(())?.finish::<()>()?;
    archive.keep();
    arena::settle();
    let pages: Vec<TypedArray<u32>> =
        entry.get::<_, Function>("hotPages")?.call::<_, Promise>(())?.finish()?;
    // SAFETY: the borrow ends before any JavaScript runs again.
    let runs = |array: &TypedArray<u32>| unsafe { array.as_slice() }.as_chunks::<2>().0.to_vec();
    let [hot, read] = [0, 1].map(|n| pages.get(n).map(runs).unwrap_or_default());
    let host: Object = Module::import(ctx, modules::HOST)?.finish()?;
    Ok(Engine {
        hot,
        read,
        context: context.clone(),
        main: Persistent::save(ctx, entry.get::<_, Function>("main")?),
        argv: Persistent::save(ctx, host.get::<_, Array>("argv")?),
        environ: Persistent::save(ctx, host.get::<_, Array>("environ")?),
    })
}
