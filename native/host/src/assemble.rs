//! A program of TypeScript's instructions as the bytes that the stage runs. `Code` in `src/program/instruction.ts` is
//! what is read here; what it is for is not known here.

use std::collections::HashMap;

use program::{
    ANY_ERRNO, Branch, CODE, Header, Instruction, MAGIC, MAX_ARGUMENTS, MAX_BRANCHES, NEXT, NO_REGISTER,
    Relocation, VERSION, condition, kind, operation,
};
use rquickjs::{Array, Ctx, Exception, Object, Result, String as JsString, TypedArray, Value};

use crate::{bytes, kernel};

/// `assemble(code, numbers, descriptors)`: `numbers` are those of the system calls by name, `descriptors`
/// those of the inherited ones. A part of the code may be a program that was assembled before.
pub fn assemble<'js>(
    ctx: Ctx<'js>,
    code: Array<'js>,
    numbers: Object<'js>,
    descriptors: Object<'js>,
) -> Result<TypedArray<'js, u8>> {
    let mut assembly = Assembly {
        ctx: ctx.clone(),
        numbers,
        descriptors,
        code: Vec::with_capacity(60 << 10),
        data: Vec::new(),
        places: HashMap::new(),
        relocations: Vec::new(),
    };
    assembly.code.resize(CODE, 0);
    code.iter::<Array>().try_for_each(|code| assembly.code(&code?))?;
    // Targets are 16 bits wide, and one of them means something else.
    if assembly.count() >= usize::from(NEXT) {
        return Err(Exception::throw_range(&ctx, "a program has too many instructions"));
    }
    TypedArray::new(ctx, assembly.link())
}

struct Assembly<'js> {
    ctx: Ctx<'js>,
    numbers: Object<'js>,
    descriptors: Object<'js>,
    /// The program as far as it is there: header, registers, instructions.
    code: Vec<u8>,
    data: Vec<u8>,
    /// Where a structure is: it may be written to, so that it must be one for all who name it.
    places: HashMap<Value<'js>, u64>,
    relocations: Vec<Relocation>,
}

impl<'js> Assembly<'js> {
    /// `code` is the operation, what it comes from, and its parts.
    fn code(&mut self, code: &Array<'js>) -> Result<()> {
        let mut row = Instruction { register: NO_REGISTER, ..Default::default() };
        let name: JsString = code.get(0)?;
        match name.to_string()?.as_str() {
            "part" => {
                let part: TypedArray<u8> = code.get::<Object>(2)?.get("image")?;
                // SAFETY: the borrow ends before any JavaScript runs again.
                return match unsafe { part.as_bytes() }.and_then(|image| self.include(image)) {
                    Some(()) => Ok(()),
                    None => Err(self.error("a part is no program")),
                };
            }
            "call" => {
                row.operation = operation::CALL;
                row.number = self.numbers.get(code.get::<Value>(2)?)?;
                if let Some(into) = code.get::<Option<Object>>(4)? {
                    row.register = into.get("index")?;
                }
                for (n, argument) in code.get::<Array>(3)?.iter::<Value>().enumerate() {
                    self.argument(&mut row, n, &argument?)?;
                }
                for branch in code.get::<Array>(5)?.iter::<Object>() {
                    let branch = branch?;
                    let errno: Value = branch.get("errno")?;
                    let errno = if errno.is_string() { ANY_ERRNO } else { errno.get()? };
                    self.branch(&mut row, errno, &branch.get("to")?)?;
                }
            }
            "set" => {
                row.operation = operation::SET;
                row.register = code.get::<Object>(2)?.get("index")?;
                self.arguments(&mut row, code, &[3])?;
            }
            "peek" => {
                row.operation = operation::PEEK;
                row.register = code.get::<Object>(2)?.get("index")?;
                self.arguments(&mut row, code, &[3, 4, 5])?;
            }
            "poke" => {
                row.operation = operation::POKE;
                self.arguments(&mut row, code, &[2, 3, 4])?;
            }
            "jump" => {
                row.operation = operation::JUMP;
                row.register = condition::ALWAYS;
                self.branch(&mut row, 0, &code.get(2)?)?;
                if code.len() > 3 {
                    self.arguments(&mut row, code, &[3, 5])?;
                    let is: String = code.get(4)?;
                    row.register = if is == "==" { condition::EQUAL } else { condition::NOT_EQUAL };
                }
            }
            "fail" => {
                row.operation = operation::FAIL;
                self.arguments(&mut row, code, &[2])?;
            }
            "exit" => {
                row.operation = operation::EXIT;
                self.arguments(&mut row, code, &[2])?;
            }
            other => return Err(self.error(&format!("{other} is no instruction"))),
        }
        self.code.extend_from_slice(as_bytes(&[row]));
        Ok(())
    }

    fn count(&self) -> usize {
        (self.code.len() - CODE) / size_of::<Instruction>()
    }

    /// Appends a program, whose registers are ours: what it has of data and targets moves behind what is there.
    fn include(&mut self, image: &[u8]) -> Option<()> {
        let header: Header = read(image, 0)?;
        let (count, by, first) = (header.instructions as usize, self.data.len() as u64, self.count() as u16);
        for n in 0..count {
            let mut row: Instruction = read(image, CODE + n * size_of::<Instruction>())?;
            for (n, argument) in row.arguments.iter_mut().enumerate() {
                *argument += if (row.kinds >> (2 * n)) & 3 == kind::DATA { by } else { 0 };
            }
            let branches = row.branch.iter_mut().take(usize::from(row.branches));
            for branch in branches.filter(|branch| branch.target != NEXT) {
                branch.target = branch.target.wrapping_add(first);
            }
            self.code.extend_from_slice(as_bytes(&[row]));
        }
        let rest = image.get(CODE + count * size_of::<Instruction>()..)?;
        let (data, table) = rest.split_at_checked(header.data as usize)?;
        self.data.extend_from_slice(data);
        for n in 0..header.relocations as usize {
            let Relocation { at, to } = read(table, n * size_of::<Relocation>())?;
            self.relocations.push(Relocation { at: at + by, to: to + by });
        }
        Some(())
    }

    fn arguments(&mut self, row: &mut Instruction, code: &Array<'js>, parts: &[usize]) -> Result<()> {
        parts.iter().enumerate().try_for_each(|(n, part)| self.argument(row, n, &code.get(*part)?))
    }

    fn argument(&mut self, row: &mut Instruction, n: usize, value: &Value<'js>) -> Result<()> {
        if n >= MAX_ARGUMENTS {
            return Err(self.error("an instruction has too many arguments"));
        }
        let (kind, word) = self.operand(value)?;
        row.kinds |= kind << (2 * n);
        row.arguments[n] = word;
        Ok(())
    }

    fn operand(&mut self, value: &Value<'js>) -> Result<(u16, u64)> {
        if let Some(string) = value.as_string() {
            let content = bytes::from_js(string)?;
            return Ok((kind::DATA, self.put(&content)));
        }
        let Some(object) = value.as_object() else {
            return Ok((kind::CONSTANT, kernel::word(&self.ctx, value)?));
        };
        let name: String = object.get("kind")?;
        Ok(match name.as_str() {
            "register" => (kind::REGISTER, object.get("index")?),
            "address" => (kind::ADDRESS, object.get::<_, Object>("register")?.get("index")?),
            "inherited" => (kind::CONSTANT, self.descriptors.get(object.get::<_, Value>("name")?)?),
            "field" => {
                let offset: u64 = object.get("offset")?;
                (kind::DATA, self.place(&object.get("of")?)? + offset)
            }
            "data" => (kind::DATA, self.place(value)?),
            other => return Err(self.error(&format!("{other} is no operand"))),
        })
    }

    /// Where the structure is; it is given a place when it is first seen.
    fn place(&mut self, value: &Value<'js>) -> Result<u64> {
        if let Some(place) = self.places.get(value) {
            return Ok(*place);
        }
        let object: Object = value.get()?;
        let content: Value = object.get("content")?;
        let at = match content.as_string() {
            Some(string) => self.put(&bytes::from_js(string)?),
            None => {
                let array: TypedArray<u8> = content.get()?;
                // SAFETY: the borrow ends before any JavaScript runs again.
                self.put(unsafe { array.as_bytes() }.unwrap_or_default())
            }
        };
        self.places.insert(value.clone(), at);
        for pointer in object.get::<_, Array>("pointers")?.iter::<Object>() {
            let pointer = pointer?;
            let to = self.place(&pointer.get("to")?)?;
            self.relocations.push(Relocation { at: at + pointer.get::<_, u64>("at")?, to });
        }
        Ok(at)
    }

    /// Aligned, and with at least one byte behind it: the NUL of a string.
    fn put(&mut self, content: &[u8]) -> u64 {
        let at = self.data.len();
        self.data.extend_from_slice(content);
        self.data.resize(at + ((content.len() + 8) & !7), 0);
        at as u64
    }

    /// `to` is "next" or a label, `{index}`.
    fn branch(&self, row: &mut Instruction, errno: u16, to: &Value<'js>) -> Result<()> {
        let n = usize::from(row.branches);
        if n >= MAX_BRANCHES {
            return Err(self.error("an instruction has too many branches"));
        }
        let target = to.as_object().map_or(Ok(NEXT), |label| label.get("index"))?;
        row.branch[n] = Branch { errno, target };
        row.branches += 1;
        Ok(())
    }

    fn link(mut self) -> Vec<u8> {
        let header = Header {
            magic: MAGIC,
            version: VERSION,
            instructions: self.count() as u32,
            size: (self.code.len() + self.data.len() + size_of_val(&*self.relocations)) as u32,
            relocations: self.relocations.len() as u32,
            data: self.data.len() as u32,
        };
        self.code[..size_of::<Header>()].copy_from_slice(as_bytes(&[header]));
        self.code.extend_from_slice(&self.data);
        self.code.extend_from_slice(as_bytes(&self.relocations));
        self.code
    }

    fn error(&self, message: &str) -> rquickjs::Error {
        Exception::throw_type(&self.ctx, message)
    }
}

/// `T` is one of the structures of the wire format, which have no padding.
fn as_bytes<T: Copy>(items: &[T]) -> &[u8] {
    // SAFETY: see above; the bytes of such a structure may be read.
    unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

/// The other way round, from wherever it lies. `None` if there are not as many bytes.
fn read<T: Copy>(bytes: &[u8], at: usize) -> Option<T> {
    let bytes = bytes.get(at..at + size_of::<T>())?;
    // SAFETY: the structures of the wire format are made of integers, and the bytes are as many as one of them has.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

#[cfg(test)]
mod tests;
