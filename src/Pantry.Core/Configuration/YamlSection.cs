using System.Globalization;
using Pantry.Targeting;
using YamlDotNet.RepresentationModel;

namespace Pantry.Configuration;

/// <summary>A mapping of a configuration file, read key by key; what was not asked for is an error.</summary>
internal sealed class YamlSection
{
    private readonly string _path;
    private readonly string _name;
    private readonly YamlDotNet.Core.Mark _start;
    private readonly Dictionary<string, (YamlScalarNode Key, YamlNode Value)> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public YamlSection(string path, string name, YamlMappingNode node)
    {
        _path = path;
        _name = name;
        _start = node.Start;
        foreach ((YamlNode key, YamlNode value) in node.Children)
        {
            if (key is not YamlScalarNode { Value: { } text } scalar)
                throw YamlDocumentFile.Error(path, key.Start, "a key must be a plain word");
            _entries[text] = (scalar, value);
        }
    }

    /// <summary>Whatever the key holds; null where it is missing.</summary>
    public YamlNode? Node(string key) => Find(key);

    /// <summary>All there is, for a mapping whose keys are free.</summary>
    public IEnumerable<(YamlScalarNode Key, YamlNode Value)> Entries => _entries.Values;

    /// <summary>A text, or null where the key is missing or empty.</summary>
    public string? Text(string key) => Scalar(key)?.Value is { Length: > 0 } text ? text : null;

    /// <summary>A port: 0 (any free one) to 65535.</summary>
    public int? Port(string key)
    {
        if (Scalar(key) is not { Value: { Length: > 0 } text } node)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= 65535
            ? port
            : throw Wrong(key, node, $"must be a port from 0 to 65535, not '{text}'");
    }

    /// <summary>A text checked by the rules of its kind, whose error is given the place in the file.</summary>
    public string? Checked(string key, Func<string, string?> check) => Text(key) is { } text ? Checked(key, _entries[key].Value, text, check) : null;

    /// <summary>A list of texts; one text counts as a list of one.</summary>
    public IReadOnlyList<string>? List(string key)
    {
        if (Find(key) is not { } node)
            return null;
        return node switch
        {
            YamlScalarNode { Value: null or "" } => null,
            YamlScalarNode scalar => [scalar.Value!],
            YamlSequenceNode sequence => [.. sequence.Select(item => item is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Wrong(key, item, "must be a list of words"))],
            _ => throw Wrong(key, node, "must be a list, such as [web, db]"),
        };
    }

    /// <summary>A mapping of texts.</summary>
    public IReadOnlyDictionary<string, string> Map(string key)
    {
        if (Find(key) is not { } node || node is YamlScalarNode { Value: null or "" })
            return new Dictionary<string, string>();
        if (node is not YamlMappingNode mapping)
            throw Wrong(key, node, "must hold keys and values");
        var map = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((YamlNode name, YamlNode value) in mapping.Children)
        {
            if (!map.TryAdd(
                name is YamlScalarNode { Value: { } word } ? word : throw Wrong(key, name, "must hold plain keys"),
                value is YamlScalarNode scalar ? scalar.Value ?? "" : throw Wrong(key, value, "must hold plain values")))
            {
                throw Wrong(key, name, $"has '{name}' twice; upper and lower case are the same");
            }
        }

        return map;
    }

    /// <summary>A list of texts, each checked by the rules of its kind, whose error is given the place in the file.</summary>
    public IReadOnlyList<T>? CheckedList<T>(string key, Func<string, T> check)
    {
        if (List(key) is not { } texts)
            return null;
        YamlNode[] nodes = _entries[key].Value is YamlSequenceNode sequence ? [.. sequence] : [_entries[key].Value];
        return [.. texts.Select((text, index) => Checked(key, nodes[index], text, check))];
    }

    /// <summary>A mapping of texts, whose values are checked by the rules of their kind.</summary>
    public IReadOnlyDictionary<string, T> CheckedMap<T>(string key, Func<string, string, T> check)
    {
        IReadOnlyDictionary<string, string> texts = Map(key);
        return texts.ToDictionary(
            entry => entry.Key,
            entry => Checked(key, ((YamlMappingNode)_entries[key].Value).Children.First(child => child.Key is YamlScalarNode { Value: { } name } && name == entry.Key).Value, entry.Value, value => check(entry.Key, value)));
    }

    /// <summary>Whether the section has the key, and anything in it.</summary>
    public bool Has(string key) => Find(key) is not (null or YamlScalarNode { Value: null or "" });

    /// <summary>An error about a key: at the key, or at the section where it is missing.</summary>
    public PantryException Error(string key, string what) =>
        _entries.TryGetValue(key, out (YamlScalarNode Key, YamlNode Value) entry)
            ? Wrong(key, entry.Value, what)
            : YamlDocumentFile.Error(_path, _start, $"'{(_name.Length == 0 ? key : $"{_name}.{key}")}' {what}");

    /// <summary>A section in this one; empty where it is missing.</summary>
    public YamlSection Section(string key)
    {
        YamlNode? node = Find(key);
        string name = _name.Length == 0 ? key : $"{_name}.{key}";
        return node switch
        {
            null or YamlScalarNode { Value: null or "" } => new YamlSection(_path, name, new YamlMappingNode()),
            YamlMappingNode mapping => new YamlSection(_path, name, mapping),
            _ => throw Wrong(key, node, "must hold keys and values"),
        };
    }

    /// <summary>Refuses what was never asked for, naming the nearest key that there is.</summary>
    public void RefuseUnknown()
    {
        foreach ((string key, (YamlScalarNode node, _)) in _entries)
        {
            if (_known.Contains(key))
                continue;
            string where = _name.Length == 0 ? "" : $" in '{_name}'";
            throw YamlDocumentFile.Error(_path, node.Start, $"there is no key '{key}'{where}. {NearestName.Hint(key, _known, $"There are {string.Join(", ", _known.Order(StringComparer.Ordinal))}.")}");
        }
    }

    private T Checked<T>(string key, YamlNode node, string text, Func<string, T> check)
    {
        try
        {
            return check(text);
        }
        catch (PantryException invalid)
        {
            throw Wrong(key, node, invalid.Message, invalid);
        }
    }

    private YamlNode? Find(string key)
    {
        _known.Add(key);
        return _entries.TryGetValue(key, out (YamlScalarNode Key, YamlNode Value) entry) ? entry.Value : null;
    }

    private YamlScalarNode? Scalar(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode scalar => scalar,
        YamlNode other => throw Wrong(key, other, "must be a single value"),
    };

    private PantryException Wrong(string key, YamlNode node, string what, Exception? inner = null) =>
        YamlDocumentFile.Error(_path, node.Start, $"'{(_name.Length == 0 ? key : $"{_name}.{key}")}' {what}", inner);
}
