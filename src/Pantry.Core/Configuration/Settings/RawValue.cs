using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Pantry.Configuration.Settings;

/// <summary>A value as it was written, in a file or elsewhere, before anybody knows what it means.</summary>
internal abstract record RawValue
{
    /// <summary>Where it stands in its file; 0 where there is none.</summary>
    public int Line { get; init; }

    public int Column { get; init; }

    /// <summary>Whether it says nothing: <c>key:</c> with no value.</summary>
    public virtual bool IsEmpty => false;

    public static Scalar OfText(string text) => new(text);

    public static RawValue OfYaml(YamlNode node) => Place(node.Start, node switch
    {
        YamlScalarNode scalar => new Scalar(IsNull(scalar) ? "" : scalar.Value ?? ""),
        YamlSequenceNode sequence => new Sequence([.. sequence.Select(OfYaml)]),
        YamlMappingNode mapping => new Mapping([.. mapping.Children.Select(child => (OfYaml(child.Key), OfYaml(child.Value)))]),
        _ => new Scalar(""),
    });

    private static bool IsNull(YamlScalarNode scalar) => scalar is { Style: ScalarStyle.Plain, Value: "~" or "null" or "Null" or "NULL" };

    private static RawValue Place(Mark at, RawValue value) => value with { Line = (int)at.Line, Column = (int)at.Column };

    internal sealed record Scalar(string Text) : RawValue
    {
        public override bool IsEmpty => Text.Length == 0;
    }

    internal sealed record Sequence(IReadOnlyList<RawValue> Items) : RawValue;

    internal sealed record Mapping(IReadOnlyList<(RawValue Key, RawValue Value)> Entries) : RawValue;
}
