import Foundation
public import VideoIO

/// How a map is laid over a crop.
///
/// The more a pixel matters the more of its colour is seen: opacity = `opacity` · relevance^`gamma`, so where nothing
/// is relevant the crop stays as it was, to the last bit.
public struct MapOverlay: Sendable, Equatable {
  /// Colours of relevance 0 … 1.
  public var colorMap: ColorMap
  /// Colours of signed values: the lowest at −peak, the middle at 0, the highest at +peak.
  public var signedColorMap: ColorMap
  /// Share of the map's colour at relevance 1, in [0, 1].
  public var opacity: Double
  /// Exponent from relevance to opacity, above 0. Below 1 weak relevance shows sooner; above 1 it fades.
  public var gamma: Double

  /// An overlay; everything has a default.
  public init(
    colorMap: ColorMap = .viridis, signedColorMap: ColorMap = .diverging, opacity: Double = 0.8,
    gamma: Double = 0.75
  ) {
    precondition(
      (0...1).contains(opacity) && gamma > 0 && gamma.isFinite,
      "MapOverlay: opacity \(opacity) and gamma \(gamma); they are in [0, 1] and above 0")
    self.colorMap = colorMap
    self.signedColorMap = signedColorMap
    self.opacity = opacity
    self.gamma = gamma
  }

  /// `crop` with `relevance` over it.
  ///
  /// - Parameters:
  ///   - crop: any size.
  ///   - relevance: one value in [0, 1] per pixel of `crop`, row by row; values outside are clamped, and NaN is 0.
  public func relevance(_ relevance: [Float], over crop: RGBImage) -> RGBImage {
    check(relevance, crop)
    return blend(crop, colorMap) { i in
      let row = ColorMap.index(relevance[i])
      return (row, row)
    }
  }

  /// `crop` with a signed map over it: blue speaks for real, red for fake, nothing stays as it was.
  ///
  /// - Parameters:
  ///   - values: one value per pixel of `crop`, row by row; above 0 for fake. NaN is 0.
  ///   - peak: the magnitude that gets the strongest colour: the largest one of the whole clip. Where it is not
  ///     above 0 the crop is given back.
  public func signed(_ values: [Float], peak: Float, over crop: RGBImage) -> RGBImage {
    check(values, crop)
    guard peak > 0, peak.isFinite else { return crop }
    return blend(crop, signedColorMap) { i in
      let share = values[i] / peak
      return (ColorMap.index(0.5 + share / 2), ColorMap.index(abs(share)))
    }
  }

  private func check(_ values: [Float], _ crop: RGBImage) {
    precondition(
      values.count == crop.width * crop.height,
      "MapOverlay: \(values.count) values over \(crop.width)×\(crop.height)")
  }

  /// Share of the map's colour at relevance `row`/255.
  func share(_ row: Int) -> Float { Float(opacity * pow(Double(row) / 255, gamma)) }

  /// Mixes table colours over `crop`; `rows(i)` gives the row of the colour and that of the opacity of pixel i.
  private func blend(_ crop: RGBImage, _ map: ColorMap, _ rows: (Int) -> (Int, Int)) -> RGBImage {
    var result = crop
    let shares = (0..<256).map(share)
    let table = map.colors.flatMap { [Float($0.red), Float($0.green), Float($0.blue)] }
    result.pixels.withUnsafeMutableBufferPointer { out in
      shares.withUnsafeBufferPointer { shares in
        table.withUnsafeBufferPointer { table in
          for i in 0..<out.count / 3 {
            let (color, strength) = rows(i)
            let share = shares[strength]
            guard share > 0 else { continue }
            for c in 0..<3 {
              let old = Float(out[i * 3 + c])
              out[i * 3 + c] = UInt8(old + (table[color * 3 + c] - old) * share + 0.5)
            }
          }
        }
      }
    }
    return result
  }
}
