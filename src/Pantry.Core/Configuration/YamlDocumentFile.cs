using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Pantry.Configuration;

/// <summary>A YAML file whose root is a mapping; every error names file, line and column.</summary>
internal static class YamlDocumentFile
{
    // A configuration is written by hand; what is larger is some other file.
    private const int MaxBytes = 1024 * 1024;

    /// <exception cref="PantryException">The file cannot be read, or is not such a file.</exception>
    public static YamlSection Load(string path)
    {
        try
        {
            return Parse(path, PlainFile.Read(path, MaxBytes));
        }
        catch (PantryException exception) when (exception.Code is PantryErrorCode.InsecureFile or PantryErrorCode.LimitReached)
        {
            throw Invalid(path, exception.Message, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Invalid(path, exception.Message, exception);
        }
    }

    /// <param name="path">What errors call it.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <exception cref="PantryException">It is not such a file.</exception>
    public static YamlSection Parse(string path, byte[] bytes)
    {
        try
        {
            using var reader = new StreamReader(new MemoryStream(bytes));
            var stream = new YamlStream();
            // Aliases could make a small file a huge one; a configuration has no need of them.
            stream.Load(new PlainYaml(new Parser(reader)));
            if (stream.Documents.Count > 1)
                throw Error(path, stream.Documents[1].RootNode.Start, "the file must hold one document, and here a second one begins");
            return stream.Documents.Count == 0
                ? new YamlSection(path, "", new YamlMappingNode())
                : stream.Documents[0].RootNode is YamlMappingNode root
                    ? new YamlSection(path, "", root)
                    : throw Error(path, stream.Documents[0].RootNode.Start, "the file must hold keys and values, such as 'server_host: localhost'");
        }
        catch (YamlException exception)
        {
            string what = exception.InnerException?.Message ?? exception.Message;
            throw Error(path, exception.Start, what, exception);
        }
    }

    public static PantryException Error(string path, Mark at, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidConfiguration, $"{path}:{at.Line}:{at.Column}: {(what.EndsWith('?') ? what : what.TrimEnd('.') + ".")}", inner) { Target = path };

    private static PantryException Invalid(string path, string what, Exception? inner) =>
        new(PantryErrorCode.InvalidConfiguration, $"The configuration file '{path}' cannot be read: {what}", inner) { Target = path };

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
