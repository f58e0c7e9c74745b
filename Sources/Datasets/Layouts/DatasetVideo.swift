/// A video of a dataset: where it is, and what the dataset says of it.
public struct DatasetVideo: Sendable, Hashable {
  /// The file.
  public var path: String
  /// Such as `dfdc`, `ffpp`, `celebdf`.
  public var dataset: String
  /// What ``FaceRecord/video`` will be; with ``compression`` unique in its dataset, such as `Deepfakes/183_253`.
  public var name: String
  /// Whether it is a fake.
  public var label: FaceRecord.Label
  /// For a fake: the ``name`` of the real video that it was made from, where that is known.
  public var original: String?
  /// How it was made, such as `Deepfakes`, where the dataset tells.
  public var method: String?
  /// Such as `c23`, where the dataset tells.
  public var compression: String?
  /// What it is used for. Never differs between a fake and its original.
  public var split: FaceRecord.Split
  /// Who is to be seen in it, one or more: a fake has the person in its original and, where the dataset tells, the one whose
  /// face was put there. By the dataset's own numbers of people or, where it has none, by the ``name`` of the original.
  public var people: [String]

  /// A video from its parts; without `people` these are its original's, or its own.
  public init(
    path: String, dataset: String, name: String, label: FaceRecord.Label, original: String? = nil,
    method: String? = nil, compression: String? = nil, split: FaceRecord.Split = .train,
    people: [String]? = nil
  ) {
    (self.path, self.dataset, self.name, self.label) = (path, dataset, name, label)
    (self.original, self.method, self.compression, self.split) = (original, method, compression, split)
    self.people = people ?? [original ?? name]
  }

  /// Where its crops lie, below the folder of a set: `<dataset>/<compression>/<name>`, without what is not known.
  public var place: String { Self.place(dataset, compression, name) }

  /// The ``place`` of its original of the same compression; nil where that is not known.
  public var originalPlace: String? { original.map { Self.place(dataset, compression, $0) } }

  private static func place(_ dataset: String, _ compression: String?, _ name: String) -> String {
    [dataset, compression, name].compactMap(\.self).joined(separator: "/")
  }
}
