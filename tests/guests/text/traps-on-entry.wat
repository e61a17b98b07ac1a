;; Traps while the host asks it where to put its arguments. It should become the fault "trapped".
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (unreachable))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32))
