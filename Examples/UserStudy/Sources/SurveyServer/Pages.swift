import Foundation
import Mustache
import SurveyModel

/// The pages, from templates in `Pages` and the study's texts. What is put in is escaped by the template engine.
struct Pages: Sendable {
  private let library: MustacheLibrary

  static let style = PackageResources.style_css
  static let icon = PackageResources.icon_svg
  static let script = PackageResources.nice_js

  init() throws {
    let files: [String: [UInt8]] = [
      "head": PackageResources.head_mustache, "foot": PackageResources.foot_mustache,
      "introduction": PackageResources.introduction_mustache, "about": PackageResources.about_mustache,
      "choice": PackageResources.choice_mustache, "preference": PackageResources.preference_mustache,
      "message": PackageResources.message_mustache, "overview": PackageResources.overview_mustache,
      "section": PackageResources.section_mustache,
    ]
    library = MustacheLibrary(
      templates: try files.mapValues { try MustacheTemplate(string: String(decoding: $0, as: UTF8.self)) })
  }

  /// A page.
  func render(_ name: String, _ values: [String: Any?]) -> String {
    library.render(values.compactMapValues(\.self), withTemplate: name) ?? ""
  }

  /// A question with what may be answered.
  static func question(
    _ name: String, _ question: String, _ options: [(value: String, label: String)], chosen: String?
  ) -> [String: Any] {
    ["question": question, "options": self.options(name, options) { $0 == chosen }]
  }

  static func options(
    _ name: String, _ options: [(value: String, label: String)], isChosen: (String) -> Bool
  ) -> [[String: Any]] {
    options.map { ["name": name, "value": $0.value, "label": $0.label, "chosen": isChosen($0.value)] }
  }
}
