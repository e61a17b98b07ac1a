;; Never gets ready: its start function loops, before the host calls anything. It should
;; become the fault "fuel exhausted" or "timed out".
(memory (export "memory") 16)
(start $spin)
(func $spin
  (loop $again (br $again)))
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32))
