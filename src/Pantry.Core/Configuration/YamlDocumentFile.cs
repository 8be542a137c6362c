using YamlDotNet.Core;
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
            using var reader = new StreamReader(new MemoryStream(PlainFile.Read(path, MaxBytes)));
            var stream = new YamlStream();
            // Aliases could make a small file a huge one; a configuration has no need of them.
            stream.Load(new AliasGuard(new Parser(reader)));
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
        catch (PantryException exception) when (exception.Code is PantryErrorCode.InsecureFile or PantryErrorCode.LimitReached)
        {
            throw Invalid(path, exception.Message, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Invalid(path, exception.Message, exception);
        }
    }

    public static PantryException Error(string path, Mark at, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidConfiguration, $"{path}:{at.Line}:{at.Column}: {(what.EndsWith('?') ? what : what.TrimEnd('.') + ".")}", inner) { Target = path };

    private static PantryException Invalid(string path, string what, Exception? inner) =>
        new(PantryErrorCode.InvalidConfiguration, $"The configuration file '{path}' cannot be read: {what}", inner) { Target = path };

    private sealed class AliasGuard(Parser parser) : IParser
    {
        public YamlDotNet.Core.Events.ParsingEvent? Current => parser.Current;

        public bool MoveNext()
        {
            bool more = parser.MoveNext();
            if (parser.Current is YamlDotNet.Core.Events.AnchorAlias alias)
                throw new YamlException(alias.Start, alias.End, "aliases are not allowed in a configuration file");
            return more;
        }
    }
}
