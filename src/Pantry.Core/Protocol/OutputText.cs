using System.Text;

namespace Pantry.Protocol;

/// <summary>The text of what a command wrote.</summary>
internal static class OutputText
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    static OutputText() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>UTF-8 where it is that, else what the client says its console writes, else byte by byte.</summary>
    public static string Of(byte[] bytes, string? encoding)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Fallback(encoding).GetString(bytes);
        }
    }

    private static Encoding Fallback(string? name)
    {
        try
        {
            return name is null ? Encoding.Latin1
                : name.StartsWith("cp", StringComparison.OrdinalIgnoreCase) && int.TryParse(name.AsSpan(2), out int codePage) ? Encoding.GetEncoding(codePage)
                : Encoding.GetEncoding(name);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return Encoding.Latin1;
        }
    }

    public static string[] Lines(string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
            lines[i] = lines[i].TrimEnd('\r');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }
}
