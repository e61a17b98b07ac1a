//! What a component starts with, before it has done anything: a limit below that would
//! make each call a fault. wasmtime only tells the largest memory of a component, so it
//! is added up here from the component's parts.

use crate::limits::Limits;
use bytesize::ByteSize;
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Encoding, Instance, MemoryType, Parser, Payload, TableType,
};

/// What all memories and tables of an instance have together at its start, at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minimum {
    /// In bytes.
    pub memory_bytes: u64,
    /// In elements.
    pub table_elements: u64,
}

impl Minimum {
    fn add(&mut self, other: Self) {
        let Self {
            memory_bytes,
            table_elements,
        } = other;
        self.memory_bytes = self.memory_bytes.saturating_add(memory_bytes);
        self.table_elements = self.table_elements.saturating_add(table_elements);
    }

    fn add_memory(&mut self, memory: MemoryType) {
        let page = 1_u64 << memory.page_size_log2.unwrap_or(16).min(16);
        self.memory_bytes = self
            .memory_bytes
            .saturating_add(memory.initial.saturating_mul(page));
    }

    fn add_table(&mut self, table: TableType) {
        self.table_elements = self.table_elements.saturating_add(table.initial);
    }

    /// What of it the limits do not allow, and what they allow instead, in words.
    #[must_use]
    pub fn beyond(&self, limits: &Limits) -> Option<(String, String)> {
        let (memory, tables) = (limits.memory_bytes as u64, limits.table_elements as u64);
        if self.memory_bytes > memory {
            let needed = format!("{} of memory", ByteSize(self.memory_bytes));
            return Some((needed, ByteSize(memory).to_string()));
        }
        let needed = format!("{} elements of tables", self.table_elements);
        (self.table_elements > tables).then(|| (needed, tables.to_string()))
    }

    /// Of the component that these bytes are. Parts that come from outside of it count as
    /// nothing, and so does what cannot be read: the compiler has the say about that.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let Some(()) = payload.ok().and_then(|it| parts.take(it)) else {
                break;
            };
        }
        parts.outermost
    }
}

/// The modules and components that are not at their end yet, the outermost first.
#[derive(Default)]
struct Parts {
    open: Vec<Part>,
    outermost: Minimum,
}

/// A module or a component.
#[derive(Default)]
struct Part {
    is_module: bool,
    /// What one instance of it starts with, as far as it is read.
    minimum: Minimum,
    /// The modules and components that it can instantiate, by their index.
    modules: Vec<Minimum>,
    components: Vec<Minimum>,
}

/// What is added to a list that indices point to.
enum New {
    Module(Minimum),
    Component(Minimum),
}

impl Parts {
    /// Takes the next piece; nothing where it cannot be understood.
    fn take(&mut self, payload: Payload<'_>) -> Option<()> {
        match payload {
            Payload::Version { encoding, .. } => self.open.push(Part {
                is_module: encoding == Encoding::Module,
                ..Part::default()
            }),
            Payload::End(_) => self.close()?,
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.innermost()?.minimum.add_memory(memory.ok()?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    self.innermost()?.minimum.add_table(table.ok()?.ty);
                }
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    if let Instance::Instantiate { module_index, .. } = instance.ok()? {
                        let part = self.innermost()?;
                        let made = nth(&part.modules, module_index)?;
                        part.minimum.add(made);
                    }
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances {
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance.ok()?
                    {
                        let part = self.innermost()?;
                        let made = nth(&part.components, component_index)?;
                        part.minimum.add(made);
                    }
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    match import.ok()?.ty {
                        ComponentTypeRef::Module(_) => {
                            self.push(New::Module(Minimum::default()))?
                        }
                        ComponentTypeRef::Component(_) => {
                            self.push(New::Component(Minimum::default()))?;
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export.ok()?;
                    // An export is one more index of the same thing.
                    let part = self.innermost()?;
                    match export.kind {
                        ComponentExternalKind::Module => {
                            part.modules.push(nth(&part.modules, export.index)?);
                        }
                        ComponentExternalKind::Component => {
                            part.components.push(nth(&part.components, export.index)?);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    if let Some(new) = self.aliased(&alias.ok()?)? {
                        self.push(new)?;
                    }
                }
            }
            _ => {}
        }
        Some(())
    }

    fn innermost(&mut self) -> Option<&mut Part> {
        self.open.last_mut()
    }

    fn push(&mut self, new: New) -> Option<()> {
        let part = self.innermost()?;
        match new {
            New::Module(module) => part.modules.push(module),
            New::Component(component) => part.components.push(component),
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let part = self.open.pop()?;
        if self.open.is_empty() {
            self.outermost = part.minimum;
            return Some(());
        }
        self.push(if part.is_module {
            New::Module(part.minimum)
        } else {
            New::Component(part.minimum)
        })
    }

    /// The module or component that an alias stands for; `Some(None)` where it stands for
    /// something else.
    fn aliased(&self, alias: &ComponentAlias<'_>) -> Option<Option<New>> {
        Some(match *alias {
            // Which one it is, the instance's type would tell.
            ComponentAlias::InstanceExport { kind, .. } => match kind {
                ComponentExternalKind::Module => Some(New::Module(Minimum::default())),
                ComponentExternalKind::Component => Some(New::Component(Minimum::default())),
                _ => None,
            },
            ComponentAlias::Outer { kind, count, index } => {
                let outwards = usize::try_from(count).ok()?;
                let outer = self.open.iter().rev().nth(outwards)?;
                match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        Some(New::Module(nth(&outer.modules, index)?))
                    }
                    ComponentOuterAliasKind::Component => {
                        Some(New::Component(nth(&outer.components, index)?))
                    }
                    _ => None,
                }
            }
            ComponentAlias::CoreInstanceExport { .. } => None,
        })
    }
}

fn nth(list: &[Minimum], index: u32) -> Option<Minimum> {
    list.get(usize::try_from(index).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a section: its id, its length and what is in it.
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 128, "one byte of LEB128");
        [&[id, length], content].concat()
    }

    /// A core module with a memory of so many pages and a table of so many elements.
    fn module(pages: u8, elements: u8) -> Vec<u8> {
        let header = b"\0asm\x01\0\0\0".to_vec();
        let table = section(4, &[1, 0x70, 0, elements]);
        let memory = section(5, &[1, 0, pages]);
        [header, table, memory].concat()
    }

    fn component(sections: &[Vec<u8>]) -> Vec<u8> {
        [b"\0asm\x0d\0\x01\0".to_vec(), sections.concat()].concat()
    }

    /// Core instances of these modules, without arguments.
    fn instances(modules: &[u8]) -> Vec<u8> {
        let mut content = vec![u8::try_from(modules.len()).unwrap()];
        for module in modules {
            content.extend([0, *module, 0]);
        }
        section(2, &content)
    }

    fn minimum(memory_pages: u64, table_elements: u64) -> Minimum {
        Minimum {
            memory_bytes: memory_pages << 16,
            table_elements,
        }
    }

    #[test]
    fn all_instances_count_and_modules_without_one_do_not() {
        let modules = [section(1, &module(3, 5)), section(1, &module(100, 100))];
        let sections = [&modules[..], &[instances(&[0])]].concat();
        assert_eq!(Minimum::of(&component(&sections)), minimum(3, 5));
        let sections = [&modules[..], &[instances(&[0, 0, 1])]].concat();
        assert_eq!(Minimum::of(&component(&sections)), minimum(106, 110));
        assert_eq!(Minimum::of(&component(&modules)), minimum(0, 0));
    }

    #[test]
    fn components_within_components_count_as_often_as_they_are_made() {
        let inner = component(&[section(1, &module(2, 1)), instances(&[0])]);
        // Component 0 twice.
        let twice = section(5, &[2, 0, 0, 0, 0, 0, 0]);
        let outer = component(&[section(4, &inner), twice]);
        assert_eq!(Minimum::of(&outer), minimum(4, 2));
        // An inner component that takes the outer one's module: alias outer, core module.
        let alias = section(6, &[1, 0, 0x11, 2, 1, 0]);
        let inner = component(&[alias, instances(&[0])]);
        let once = section(5, &[1, 0, 0, 0]);
        let outer = component(&[section(1, &module(7, 9)), section(4, &inner), once]);
        assert_eq!(Minimum::of(&outer), minimum(7, 9));
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        assert_eq!(Minimum::of(b"nonsense"), Minimum::default());
        let whole = component(&[section(1, &module(3, 5)), instances(&[0])]);
        for length in 0..whole.len() {
            let cut = Minimum::of(&whole[..length]);
            assert_eq!(cut, Minimum::default(), "{length}");
        }
    }
}
