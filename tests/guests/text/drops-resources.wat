;; Makes a resource of its own and drops it, without end. It never has more than one: it should
;; become the fault "fuel exhausted" or "timed out".
(import "host" "resource-new" (func $new (param i32) (result i32)))
(import "host" "resource-drop" (func $drop (param i32)))
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (loop $again
    (call $drop (call $new (i32.const 1)))
    (br $again))
  (unreachable))
(func (export "after") (param i32))
