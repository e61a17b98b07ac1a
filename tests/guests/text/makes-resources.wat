;; Makes resources of its own and keeps them, millions of them if it is let. It should become the
;; fault "trapped".
(import "host" "resource-new" (func $new (param i32) (result i32)))
(import "host" "resource-drop" (func $drop (param i32)))
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (loop $again
    (drop (call $new (i32.const 1)))
    (br $again))
  (unreachable))
(func (export "after") (param i32))
