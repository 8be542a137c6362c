using Pantry.Security;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Pantry.Configuration;

/// <summary>A YAML file whose root is a mapping; every error names file, line and column.</summary>
internal static class YamlDocumentFile
{
    /// <summary>A configuration is written by hand; what is larger is some other file.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <exception cref="PantryException">The file cannot be read, or is not such a file.</exception>
    public static YamlSection Load(string path)
    {
        (byte[]? bytes, _, ConfigurationFinding? fault) = Read(path);
        return bytes is null ? throw Invalid(fault!) : Parse(path, bytes);
    }

    /// <param name="path">What errors call it.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <exception cref="PantryException">It is not such a file.</exception>
    public static YamlSection Parse(string path, byte[] bytes)
    {
        (YamlMappingNode? root, ConfigurationFinding? fault) = ParseTree(path, bytes);
        return root is null ? throw Invalid(fault!) : new YamlSection(path, "", root);
    }

    /// <summary>Reads a file's bytes and who may change it, or says why that is not possible.</summary>
    public static (byte[]? Bytes, FileRights Rights, ConfigurationFinding? Fault) Read(string path)
    {
        try
        {
            byte[] bytes = PlainFile.Read(path, MaxBytes, out FileRights rights);
            return (bytes, rights, null);
        }
        catch (Exception exception) when (exception is PantryException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, default, Finding(path, default, $"the configuration file cannot be read: {exception.Message}"));
        }
    }

    /// <summary>The tree of a file, or what is wrong with it.</summary>
    public static (YamlMappingNode? Root, ConfigurationFinding? Fault) ParseTree(string path, byte[] bytes)
    {
        try
        {
            using var reader = new StreamReader(new MemoryStream(bytes));
            var stream = new YamlStream();
            // Aliases could make a small file a huge one; a configuration has no need of them.
            stream.Load(new PlainYaml(new Parser(reader)));
            if (stream.Documents.Count > 1)
                return (null, Finding(path, stream.Documents[1].RootNode.Start, "the file must hold one document, and here a second one begins"));
            return stream.Documents.Count == 0 ? (new YamlMappingNode(), null)
                : stream.Documents[0].RootNode switch
                {
                    YamlMappingNode root => (root, null),
                    // All keys are commented out.
                    YamlScalarNode { Value: null or "" } => (new YamlMappingNode(), null),
                    YamlNode other => (null, Finding(path, other.Start, "the file must hold keys and values, such as 'server_host: localhost'")),
                };
        }
        catch (YamlException exception)
        {
            return (null, Finding(path, exception.Start, exception.InnerException?.Message ?? exception.Message));
        }
    }

    public static PantryException Error(string path, Mark at, string what, Exception? inner = null) => Invalid(Finding(path, at, what), inner);

    private static ConfigurationFinding Finding(string path, Mark at, string what) => new()
    {
        Path = path,
        Line = (int)at.Line,
        Column = at.Line > 0 ? (int)at.Column : 0,
        Severity = FindingSeverity.Error,
        Message = what.EndsWith('?') ? what : $"{what.TrimEnd('.')}.",
    };

    private static PantryException Invalid(ConfigurationFinding finding, Exception? inner = null) =>
        new(PantryErrorCode.InvalidConfiguration, finding.ToString(), inner) { Target = finding.Path };

    // A tree is read by recursion: what is nested deeper than anybody writes could end the process.
    private sealed class PlainYaml(Parser parser) : IParser
    {
        private const int MaxDepth = 64;

        private int _depth;

        public ParsingEvent? Current => parser.Current;

        public bool MoveNext()
        {
            bool more = parser.MoveNext();
            if (parser.Current is AnchorAlias alias)
                throw new YamlException(alias.Start, alias.End, "aliases are not allowed in a configuration file");
            _depth += parser.Current?.NestingIncrease ?? 0;
            return _depth <= MaxDepth ? more : throw new YamlException(parser.Current!.Start, parser.Current.End, $"it is nested deeper than {MaxDepth} levels");
        }
    }
}
