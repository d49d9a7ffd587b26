import { Icon } from '../../parts/icon.tsx';
import styles from './attachment-notice.module.css';

interface AttachmentNoticeProps {
  /** How often files were refused; 0 shows nothing. */
  refused: number;
  onClose: () => void;
}

/** Says that a dropped or pasted file was not sent. Each refusal is a new element, so that screen readers tell it again. */
export function AttachmentNotice({ refused, onClose }: AttachmentNoticeProps) {
  return (
    <div role="status" className={styles.place}>
      {refused === 0 ? null : (
        <div key={refused} className={styles.notice}>
          <Icon name="alert" size={18} />
          <p>Files and pictures cannot be sent yet. Only text can.</p>
          <button type="button" className="button icon" aria-label="Close this notice" onClick={onClose}>
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  );
}
