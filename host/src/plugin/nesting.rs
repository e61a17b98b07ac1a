//! What a component consists of, before the compiler sees it. Components contain and
//! instantiate components, so that 600 bytes can stand for more instances than there
//! is memory for, and the compiler unfolds them all before it counts any.

use wasmparser::{ComponentInstance, Instance, Parser, Payload};

/// How deep components may lie in each other. Those of the usual tools lie two deep,
/// and each composition adds one or two.
const DEEPEST: usize = 100;

/// How many instances a component may come to, those of its parts included. They are
/// estimated from above: each part counts as much as the most costly one before it.
const MOST_INSTANCES: u64 = 10_000;

/// What is too much about a component; nothing where the compiler may have it. Whether
/// it is one at all, the compiler says.
pub(super) fn too_much(bytes: &[u8]) -> Option<String> {
    // The instances of the components and modules that are not at their end yet, the
    // outermost first.
    let mut open = vec![Made::default()];
    // An instance of any component so far comes to no more than this.
    let mut dearest = 1_u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => {
                if open.len() > DEEPEST {
                    return Some(format!(
                        "its parts lie more than {DEEPEST} deep in each other"
                    ));
                }
                open.push(Made::default());
            }
            Payload::InstanceSection(instances) => {
                let made = |instance: &_| matches!(instance, Ok(Instance::Instantiate { .. }));
                open.last_mut()?.modules += instances.into_iter().filter(made).count();
            }
            Payload::ComponentInstanceSection(instances) => {
                let made =
                    |instance: &_| matches!(instance, Ok(ComponentInstance::Instantiate { .. }));
                open.last_mut()?.components += instances.into_iter().filter(made).count();
            }
            Payload::End(_) => {
                let instances = open.pop()?.instances(dearest);
                if instances > MOST_INSTANCES {
                    return Some(format!("it comes to more than {MOST_INSTANCES} instances"));
                }
                dearest = dearest.max(instances);
            }
            _ => {}
        }
    }
    None
}

/// How many instances a component makes itself.
#[derive(Default)]
struct Made {
    modules: usize,
    components: usize,
}

impl Made {
    /// What one instance of it comes to, where one of its parts comes to so many.
    fn instances(&self, part: u64) -> u64 {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        number(self.components)
            .saturating_mul(part)
            .saturating_add(number(self.modules))
            .saturating_add(1)
    }
}
