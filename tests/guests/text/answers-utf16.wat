;; Answers with a whole pair of surrogates in a good string with string-encoding=utf16: "replaced"
;; by {"a":"U+1F600"} in 10 code units. It is no fault.
(memory (export "memory") 16)
(data (i32.const 1024) "\00\00\00\00\01\00\00\00\00\05\00\00\0a\00\00\00")
(data (i32.const 1280) "{\00\22\00a\00\22\00:\00\22\00\3d\d8\00\de\22\00}\00")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 1024))
(func (export "after") (param i32))
