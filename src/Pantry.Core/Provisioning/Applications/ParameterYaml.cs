using System.Globalization;
using Pantry.Configuration;
using Pantry.Targeting;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Pantry.Provisioning.Applications;

/// <summary>
/// Parameters as people write them in YAML. Plain words are read as YAML 1.2 has it, so that <c>no</c> is a word; a number that begins with 0, such
/// as a file's mode, is text.
/// </summary>
internal sealed class ParameterYaml(string path)
{
    /// <summary>Levels of maps and lists.</summary>
    public const int MaxDepth = 24;

    /// <summary>Values of one document, all together.</summary>
    public const int MaxValues = 20_000;

    private const int MaxKeyLength = 255;
    private const string SecretTag = "!secret";
    private const string TextTag = "tag:yaml.org,2002:str";

    private int _values;

    /// <exception cref="PantryException">A value is not allowed; the message says where.</exception>
    public ParameterMap Map(YamlNode? node, string of) => node switch
    {
        null or YamlScalarNode { Value: null or "" } => ParameterMap.Empty,
        YamlMappingNode map when map.Tag.IsEmpty => Map(map, 1),
        _ => throw YamlDocumentFile.Error(path, node.Start, $"'{of}' must hold keys and values"),
    };

    private ParameterMap Map(YamlMappingNode map, int depth)
    {
        Count(map, depth);
        return new ParameterMap([.. map.Children.Select(entry => KeyValuePair.Create(Key(entry.Key), Value(entry.Value, depth + 1)))]);
    }

    private ParameterValue Value(YamlNode node, int depth)
    {
        Count(node, depth);
        if (!node.Tag.IsEmpty && node.Tag.Value is var tag && tag != TextTag)
            return tag == SecretTag ? Secret(node) : throw YamlDocumentFile.Error(path, node.Start, $"the tag '{DisplayText.Clean(tag, 80)}' is not known here. There is {SecretTag}, which stands before the name of a secret");
        return node switch
        {
            YamlMappingNode map => Map(map, depth),
            YamlSequenceNode list => new ParameterList([.. list.Select(item => Value(item, depth + 1))]),
            YamlScalarNode scalar => new ParameterScalar(Plain(scalar)),
            _ => throw YamlDocumentFile.Error(path, node.Start, "this is no value"),
        };
    }

    private SecretReference Secret(YamlNode node) => node is YamlScalarNode { Value: { } name } && Names.IsPath(name)
        ? new SecretReference(name)
        : throw YamlDocumentFile.Error(path, node.Start, $"{SecretTag} must stand before the name of a secret, such as 'password: {SecretTag} shop-database'. The name has letters, digits, '-', '_' and '.'");

    private string Key(YamlNode node)
    {
        if (node is not YamlScalarNode { Value: { Length: > 0 and <= MaxKeyLength } key } || !node.Tag.IsEmpty)
            throw YamlDocumentFile.Error(path, node.Start, $"a parameter's name must be a word of at most {MaxKeyLength} characters");
        if (key[0] == '$' || key.Any(char.IsControl))
            throw YamlDocumentFile.Error(path, node.Start, $"'{DisplayText.Clean(key, 80)}' is no name of a parameter: it may not begin with '$', nor have control characters");
        return key;
    }

    private static object? Plain(YamlScalarNode node)
    {
        if (node.Value is not { } text)
            return null;
        if (node.Style != ScalarStyle.Plain || !node.Tag.IsEmpty)
            return text;
        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => true,
            "false" or "False" or "FALSE" => false,
            _ when IsPadded(text) => text,
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
            _ when char.IsAsciiDigit(text[^1]) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => number,
            _ => text,
        };
    }

    private static bool IsPadded(string text) => text.TrimStart('-', '+') is ['0', >= '0' and <= '9', ..];

    private void Count(YamlNode node, int depth)
    {
        if (depth > MaxDepth)
            throw YamlDocumentFile.Error(path, node.Start, $"parameters are nested deeper than {MaxDepth} levels");
        if (++_values > MaxValues)
            throw YamlDocumentFile.Error(path, node.Start, $"there are more than {MaxValues:N0} values of parameters");
    }
}
