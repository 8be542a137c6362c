using System.Text;
using Pantry.Configuration;
using Pantry.Provisioning.Applications;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.PowerShell.Editing;

/// <summary>A text while it is edited, in a file that only its owner can read; gone afterwards, unless it is to be kept.</summary>
internal sealed class EditedFile : IDisposable
{
    private readonly string _directory;
    private bool _keep;

    private EditedFile(string directory, string path)
    {
        _directory = directory;
        Path = path;
    }

    public string Path { get; }

    /// <exception cref="PantryException">It could not be written.</exception>
    public static EditedFile Create(string name, string text)
    {
        try
        {
            // Editors write beside it as well, so the directory is the owner's alone too.
            string directory = OwnerOnly.EnsureDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"pantry-edit-{Guid.NewGuid():N}"));
            string path = System.IO.Path.Combine(directory, name);
            PrivateFile.WriteNew(path, Encoding.UTF8.GetBytes(text));
            return new EditedFile(directory, path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.StorageFailed, $"No file could be made for the editor: {exception.Message}", exception);
        }
    }

    /// <exception cref="PantryException">It cannot be read any more, or is no text.</exception>
    public string Read()
    {
        try
        {
            using var reader = new StreamReader(new MemoryStream(PlainFile.Read(Path, ApplicationDocument.MaxBytes)), new UTF8Encoding(false, true));
            return reader.ReadToEnd();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new PantryException(PantryErrorCode.InvalidConfiguration, $"What the editor has left cannot be read: {exception.Message}", exception) { Target = Path };
        }
    }

    public void Keep() => _keep = true;

    public void Dispose()
    {
        if (_keep)
            return;
        try
        {
            Directory.Delete(_directory, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // An editor that still holds it; only its owner can read it.
        }
    }
}
