;; Makes a component that exports transform-texts out of the fields of a core module with
;; the comment `interface=transform-texts`, as `component.wat` does for the other interface.
;; `transform` returns where its answer lies in memory: a byte for ok or error, and from the
;; fourth byte on where the list begins and how many elements it has. An element has 12
;; bytes: one that is 1 for a text, and from the fourth on where the text begins and how
;; many bytes it has. A payload without texts, such as {"tame":1}, is not handed over.
(component
  (core module $main MODULE_FIELDS)
  (core instance $main (instantiate $main))

  (component $named
    (type $json' string)
    (import "json-type" (type $json (eq $json')))
    (type $invocation' (record
      (field "tenant" string)
      (field "assistant" string)
      (field "request-id" string)
      (field "event" string)
      (field "options" $json)
      (field "settings" $json)
      (field "milliseconds-left" u32)))
    (import "invocation-type" (type $invocation (eq $invocation')))
    (type $text' (record
      (field "value" string)
      (field "pointer" string)
      (field "response-type" (option string))))
    (import "text-type" (type $text (eq $text')))
    (type $failure' (variant
      (case "not-for-me" string)
      (case "service-failed" string)
      (case "failed" string)))
    (import "failure-type" (type $failure (eq $failure')))
    (import "transform-function" (func $transform
      (param "invocation" $invocation)
      (param "texts" (list $text))
      (result (result (list (option string)) (error $failure)))))
    (export $invocation-out "invocation" (type $invocation))
    (export $text-out "text" (type $text))
    (export $failure-out "failure" (type $failure))
    (export "transform" (func $transform) (func
      (param "invocation" $invocation-out)
      (param "texts" (list $text-out))
      (result (result (list (option string)) (error $failure-out))))))

  (type $json string)
  (type $invocation (record
    (field "tenant" string)
    (field "assistant" string)
    (field "request-id" string)
    (field "event" string)
    (field "options" $json)
    (field "settings" $json)
    (field "milliseconds-left" u32)))
  (type $text (record
    (field "value" string)
    (field "pointer" string)
    (field "response-type" (option string))))
  (type $failure (variant
    (case "not-for-me" string)
    (case "service-failed" string)
    (case "failed" string)))
  (func $transform
    (param "invocation" $invocation)
    (param "texts" (list $text))
    (result (result (list (option string)) (error $failure)))
    (canon lift (core func $main "transform")
      string-encoding=utf8
      (memory (core memory $main "memory"))
      (realloc (core func $main "realloc"))
      (post-return (core func $main "after"))))
  (instance $named (instantiate $named
    (with "json-type" (type $json))
    (with "invocation-type" (type $invocation))
    (with "text-type" (type $text))
    (with "failure-type" (type $failure))
    (with "transform-function" (func $transform))))
  (export "retort:transform/transform-texts@0.1.0" (instance $named)))
