using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Targeting;

namespace Pantry.Configuration;

/// <summary>An enrolment as a file: JSON, its owner's alone, written whole or not at all.</summary>
internal static class EnrollmentFile
{
    private const long MaxBytes = 64 * 1024;

    /// <summary>Writes the file, which appears only when it is complete.</summary>
    /// <exception cref="PantryException">The file cannot be written.</exception>
    public static void Save(string path, Enrollment enrollment)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.WriteThrough };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(temporary, options))
                JsonSerializer.Serialize(stream, enrollment, EnrollmentJson.Default.Enrollment);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Discard(temporary);
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The enrolment could not be written to '{path}': {exception.Message}", exception) { Target = path };
        }
    }

    /// <summary>Reads the file and checks who can read it, what it says, and until when it is good.</summary>
    /// <exception cref="PantryException">The file is not fit for use; the message says why.</exception>
    public static Enrollment Load(string path, DateTimeOffset now)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                throw Invalid(path, "There is no such file.");
            if (file.LinkTarget is not null)
                throw new PantryException(PantryErrorCode.InsecureFile, $"'{path}' is a link; give the enrolment file itself.") { Target = path };
            const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
            if (!OperatingSystem.IsWindows() && (file.UnixFileMode & Others) != 0)
            {
                throw new PantryException(PantryErrorCode.InsecureFile,
                    $"'{path}' can be read or written by others. Make it its owner's alone: chmod 600 '{path}'.")
                { Target = path };
            }

            if (file.Length > MaxBytes)
                throw Invalid(path, $"It is larger than {MaxBytes:N0} bytes.");
            using FileStream stream = file.OpenRead();
            Enrollment enrollment = JsonSerializer.Deserialize(stream, EnrollmentJson.Default.Enrollment) ?? throw Invalid(path, "It is empty.");
            return Check(enrollment, now);
        }
        catch (JsonException exception)
        {
            throw Invalid(path, $"Line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: it is no enrolment as New-PantryEnrollment writes it.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Invalid(path, exception.Message, exception);
        }
    }

    /// <summary>Checks what an enrolment says, and until when it is good.</summary>
    /// <exception cref="PantryException">A name or port is wrong, or its time is over.</exception>
    public static Enrollment Check(Enrollment enrollment, DateTimeOffset now)
    {
        ClientLabels.Create(enrollment.Identity ?? "any", enrollment.Application, enrollment.Environment, enrollment.Roles);
        if (enrollment.PublishPort is < 1 or > 65535 || enrollment.ReceivePort is < 1 or > 65535)
            throw new PantryException(PantryErrorCode.InvalidEnrollment, $"The enrolment '{enrollment.Id}' has no valid ports. Make a new one with New-PantryEnrollment.");
        if (enrollment.ExpiresAt < now)
        {
            throw new PantryException(PantryErrorCode.InvalidEnrollment,
                $"The enrolment '{enrollment.Id}' was good until {enrollment.ExpiresAt:u}. Make a new one with New-PantryEnrollment.");
        }

        return enrollment;
    }

    private static PantryException Invalid(string path, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidEnrollment, $"The enrolment file '{path}' cannot be used. {what}", inner) { Target = path };

    private static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nothing more can be done about it here.
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, MaxDepth = 8)]
[JsonSerializable(typeof(Enrollment))]
internal sealed partial class EnrollmentJson : JsonSerializerContext;
