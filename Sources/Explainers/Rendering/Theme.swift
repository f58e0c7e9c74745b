/// The colours that overlays are drawn with: a dark ground that lets pictures speak.
enum Theme {
  static let background = RGBColor(20, 22, 26)
  static let hollow = RGBColor(36, 39, 45)
  static let rule = RGBColor(58, 62, 70)
  static let text = RGBColor(236, 238, 241)
  static let dim = RGBColor(160, 166, 176)

  /// Vermilion for fake and sky blue for real (Okabe and Ito's palette, which the colour-blind can tell apart);
  /// grey for neither.
  static func accent(_ target: Target?) -> RGBColor {
    switch target {
    case .fake: RGBColor(236, 112, 36)
    case .real: RGBColor(86, 180, 233)
    case nil: RGBColor(190, 195, 203)
    }
  }
}
