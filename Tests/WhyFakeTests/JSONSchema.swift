import Foundation
import Testing

/// A checker for the part of JSON Schema (draft 2020-12) that our schemas use. A keyword that it does not know
/// is reported as a violation, so that nothing goes unchecked.
struct JSONSchema {
  private let root: [String: Any]

  /// A schema of `Documentation/Schemas`.
  init(_ name: String) throws {
    let file = repository.appending(path: "Documentation/Schemas/\(name).schema.json")
    root = try object(String(contentsOf: file, encoding: .utf8))
  }

  /// What is wrong with a JSON text; empty if it follows the schema.
  func violations(_ text: String) throws -> [String] {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return check(value, root, "")
  }

  private func check(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
    schema.flatMap { keyword, rule in check(value, keyword, rule, schema, place) }
  }

  private func check(
    _ value: Any, _ keyword: String, _ rule: Any, _ schema: [String: Any], _ place: String
  ) -> [String] {
    func fail(_ text: String) -> [String] { ["\(place.isEmpty ? "/" : place): \(text)"] }
    let number = JSONSchema.isBool(value) ? nil : (value as? NSNumber)?.doubleValue
    switch keyword {
    case "$schema", "$id", "$defs", "title", "description", "then", "else", "format": return []
    case "$ref":
      let name = ((rule as? String) ?? "").replacingOccurrences(of: "#/$defs/", with: "")
      guard let target = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else {
        return fail("no definition \(name)")
      }
      return check(value, target, place)
    case "type":
      let types = (rule as? [String]) ?? [(rule as? String) ?? ""]
      return types.contains { JSONSchema.matches(value, $0) } ? [] : fail("is not \(types)")
    case "const": return (value as? NSObject) == (rule as? NSObject) ? [] : fail("is not \(rule)")
    case "enum":
      let values = (rule as? [NSObject]) ?? []
      return values.contains { $0 == (value as? NSObject) } ? [] : fail("\(value) is not one of \(values)")
    case "minimum":
      return number.map { $0 >= JSONSchema.double(rule) } ?? true ? [] : fail("is below \(rule)")
    case "maximum":
      return number.map { $0 <= JSONSchema.double(rule) } ?? true ? [] : fail("is above \(rule)")
    case "minItems":
      return (value as? [Any]).map { Double($0.count) >= JSONSchema.double(rule) } ?? true
        ? [] : fail("is short")
    case "maxItems":
      return (value as? [Any]).map { Double($0.count) <= JSONSchema.double(rule) } ?? true
        ? [] : fail("is long")
    case "minLength":
      return (value as? String).map { Double($0.count) >= JSONSchema.double(rule) } ?? true
        ? [] : fail("is short")
    case "pattern":
      guard let text = value as? String, let pattern = rule as? String else { return [] }
      return text.range(of: pattern, options: .regularExpression) != nil
        ? [] : fail("\(text) is not \(pattern)")
    case "uniqueItems":
      guard let values = value as? [NSObject] else { return [] }
      return Set(values).count == values.count ? [] : fail("has equal items")
    case "items":
      guard let values = value as? [Any], let items = rule as? [String: Any] else { return [] }
      return values.enumerated().flatMap { check($1, items, "\(place)/\($0)") }
    case "required":
      guard let members = value as? [String: Any], let names = rule as? [String] else { return [] }
      return names.filter { members[$0] == nil }.flatMap { fail("\($0) is missing") }
    case "properties":
      guard let members = value as? [String: Any], let rules = rule as? [String: [String: Any]] else {
        return []
      }
      return rules.flatMap { name, rule in members[name].map { check($0, rule, "\(place)/\(name)") } ?? [] }
    case "additionalProperties":
      guard let members = value as? [String: Any] else { return [] }
      let known = Set(((schema["properties"] as? [String: Any]) ?? [:]).keys)
      let others = members.keys.filter { !known.contains($0) }
      if let rule = rule as? [String: Any] {
        return others.flatMap { check(members[$0] ?? NSNull(), rule, "\(place)/\($0)") }
      }
      return others.flatMap { fail("\($0) is unknown") }
    case "allOf":
      return ((rule as? [[String: Any]]) ?? []).flatMap { check(value, $0, place) }
    case "oneOf":
      let results = ((rule as? [[String: Any]]) ?? []).map { check(value, $0, place) }
      let passed = results.count(where: \.isEmpty)
      return passed == 1 ? [] : fail("fits \(passed) of \(results.count): \(results.map { $0.prefix(3) })")
    case "if":
      guard let condition = rule as? [String: Any] else { return [] }
      let branch = check(value, condition, place).isEmpty ? "then" : "else"
      return (schema[branch] as? [String: Any]).map { check(value, $0, place) } ?? []
    default: return fail("the checker does not know \(keyword)")
    }
  }

  private static func double(_ value: Any) -> Double { (value as? NSNumber)?.doubleValue ?? .nan }

  private static func isBool(_ value: Any) -> Bool {
    guard let number = value as? NSNumber else { return false }
    return String(cString: number.objCType) == "c" || value is Bool && number.objCType.pointee == 66
  }

  private static func matches(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "null": value is NSNull
    case "boolean": isBool(value)
    case "integer":
      !isBool(value) && ((value as? NSNumber).map { $0.doubleValue.rounded() == $0.doubleValue } ?? false)
    case "number": !isBool(value) && value is NSNumber
    case "string": value is String
    case "array": value is [Any]
    case "object": value is [String: Any]
    default: false
    }
  }
}
