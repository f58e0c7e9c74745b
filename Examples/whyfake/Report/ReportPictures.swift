import Explainers
import FaceCrop
import Foundation
import VideoIO
import WhyFake

extension Report {
  /// A picture as a data URI, so that the page needs nothing from elsewhere.
  static func jpeg(_ picture: RGBImage, quality: Int = 88) throws -> HTML {
    let bytes = try ImageFile.jpeg(picture, quality: quality)
    return HTML(stringLiteral: "data:image/jpeg;base64," + Data(bytes).base64EncodedString())
  }

  /// The colours of maps from no relevance to the most, as they look over a middle grey.
  static func colourScale(_ overlay: MapOverlay) -> RGBImage {
    let (width, height) = (256, 8)
    let ramp = (0..<width * height).map { Float($0 % width) / Float(width - 1) }
    let grey = RGBImage(width: width, height: height, red: 128, green: 128, blue: 128)
    return overlay.relevance(ramp, over: grey)
  }

  /// The picture beside the verdict: the frame that speaks most clearly for it, faces framed.
  func keyFigure() throws -> HTML {
    guard let (picture, caption) = keyPicture() else { return "" }
    return """
      <figure><img alt="\(caption)" src="\(try Report.jpeg(picture))">\
      <figcaption>\(caption)</figcaption></figure>
      """
  }

  private func keyPicture() -> (RGBImage, String)? {
    guard let track = analysis.decidingTrack, let opinion = analysis.opinion else {
      let middle = analysis.frames[analysis.frames.count / 2]
      return middle.thumbnail.map {
        (framed($0, index: middle.index), "One of the frames that were looked at")
      }
    }
    let sign: Float = opinion.verdict == .fake ? 1 : -1
    let order = track.logits.indices.sorted { sign * track.logits[$0] > sign * track.logits[$1] }
    guard let best = order.first else { return nil }
    let frame = track.clip.frames[best]
    let place = frame.time.map { " (\(Words.moment($0)))" } ?? ""
    let percent = Words.percent(Opinion(logit: track.logits[best]).probability)
    if let thumbnail = analysis.frames.first(where: { $0.index == frame.index })?.thumbnail {
      return (
        framed(thumbnail, index: frame.index), "The frame that speaks most clearly\(place): \(percent) fake"
      )
    }
    return (
      track.clip.crops[best].resized(width: 360, height: 360),
      "The crop that speaks most clearly: \(percent) fake"
    )
  }

  /// A thumbnail with frames around the faces of that moment: orange for fake, blue for real, grey for faces that
  /// were seen too rarely to judge.
  private func framed(_ thumbnail: RGBImage, index: Int) -> RGBImage {
    var canvas = Canvas(thumbnail)
    let scale = Double(thumbnail.width) / Double(analysis.input.width)
    for track in analysis.tracks {
      guard let box = track.clip.frames.first(where: { $0.index == index })?.face?.box else { continue }
      let rect = PixelRect(
        x: Int((box.x * scale).rounded()), y: Int((box.y * scale).rounded()),
        width: Int((box.width * scale).rounded()), height: Int((box.height * scale).rounded()))
      let colour =
        !track.judged
        ? RGBColor(190, 195, 203)
        : track.opinion.verdict == .fake ? RGBColor(236, 112, 36) : RGBColor(86, 180, 233)
      canvas.stroke(
        PixelRect(x: rect.x - 1, y: rect.y - 1, width: rect.width + 2, height: rect.height + 2),
        RGBColor(20, 22, 26), thickness: 5)
      canvas.stroke(rect, colour, thickness: 3)
    }
    return canvas.image
  }
}
